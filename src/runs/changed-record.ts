import type { Draft } from '../data/draft.js';
import { isDeepStrictEqual } from 'node:util';
import { frozenJson } from '../data/frozen-json.js';
import type { RunRecord } from './run-record.js';
import { canBecome, isOpen } from './run-status.js';
import type { RunStatus } from './run-status.js';
import type { RunChanges, RunExpectation } from './run-store.js';

/** A run as a store has it: the record, and whose it is. */
export interface OwnedRecord {
  /** The record as it is now. */
  readonly record: RunRecord;
  /** The token of the lease that the run belongs to; an ended run keeps the last one. */
  readonly token: string;
}

/** The ends that a recorded cancel forbids: the owner ends such a run as `interrupted`. */
const beatenByCancel: readonly RunStatus[] = ['success', 'error', 'timeout'];

/**
 * Decides an {@link RunStore.update}: gives the new record, or undefined where the run is not as expected.
 *
 * What is taken from the changes is frozen with all its parts, or copied; the parts of the old record go on as they are.
 *
 * The very same record is given back for a repeat of a change that was carried out: then nothing must be written, the
 * session and the events neither. A store calls this between reading and writing a row, inside of one transaction; only
 * whether an elder run of the thread is open is the store's own question.
 *
 * @example
 * {@includeCode ../../examples/api/changed-record.ts}
 */
export function changedRecord(
  run: OwnedRecord,
  expected: RunExpectation,
  changes: RunChanges,
): RunRecord | undefined {
  const { record, token } = run;
  if (expected.lease !== undefined && expected.lease.token !== token) return undefined;
  if (!expected.status.includes(record.status)) {
    return expected.lease !== undefined && isRepeat(record, changes) ? record : undefined;
  }
  // Whose turn is over may still be repeated, but what has ended is never changed.
  if (!isOpen(record.status)) return undefined;
  const { status = record.status } = changes;
  if (status !== record.status) {
    if (!canBecome(record.status, status)) return undefined;
    if (record.cancelRequested !== undefined && beatenByCancel.includes(status)) return undefined;
  }
  const { stopReason, error, startedAt, endedAt, cost, counts } = changes;
  const { leaseExpiresAt, ...kept } = record;
  const next: Draft<RunRecord> = kept;
  next.status = status;
  if (stopReason !== undefined) next.stopReason = stopReason;
  if (error !== undefined) next.error = frozenJson(error);
  if (startedAt !== undefined) next.startedAt = startedAt;
  if (endedAt !== undefined) next.endedAt = endedAt;
  if (cost !== undefined) next.cost = frozenJson(cost);
  if (counts !== undefined) next.counts = frozenJson(counts);
  if (isOpen(status) && leaseExpiresAt !== undefined) next.leaseExpiresAt = leaseExpiresAt;
  return Object.freeze(next);
}

function isRepeat(
  record: RunRecord,
  { session: _session, events: _events, ...changes }: RunChanges,
): boolean {
  return (
    changes.status === record.status &&
    Object.entries(changes).every(([name, value]) => isSameData(value, Reflect.get(record, name)))
  );
}

/** Whether two values are the same once they are written; the order of keys, and undefined ones, do not matter. */
function isSameData(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(written(left), written(right));
}

function written(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
