import type { ClaimOptions } from '../runs/run-store.js';
import { valuesOfLease } from './run-row.js';
import type { RunStatements } from './run-statements.js';
import type { SqlRow, Steps } from './statement.js';
import { toStoredText } from './stored-text.js';

/** Gives open runs without an owner that lives to a lease; the rows, the eldest first. */
export function* claimRuns(
  statements: RunStatements,
  { lease, graceMs, limit, definitions, runId }: ClaimOptions,
): Steps<readonly SqlRow[]> {
  const values = { ...valuesOfLease(lease), graceMs, limit };
  const rows = yield runId === undefined
    ? statements.claim.with({ ...values, definitions: JSON.stringify(definitions.map(toStoredText)) })
    : statements.claimOne.with({ ...values, runId: toStoredText(runId) });
  // An update gives its rows in any order.
  return [...rows].sort((left, right) => Number(left['position']) - Number(right['position']));
}
