import { idempotencyConflict, queueOfThreadFull, runConflict } from '../errors/run-errors.js';
import { storeUnavailableNow } from '../errors/store-errors.js';
import type { RunRecord } from '../runs/run-record.js';
import type { InsertOptions, Lease } from '../runs/run-store.js';
import { idempotencyHashOf, threadKeyOf } from './row-keys.js';
import { frozenRecord, storedRun, valuesOfRun } from './run-row.js';
import type { StoredRun } from './run-row.js';
import type { RunStatements } from './run-statements.js';
import type { SqlRow, Steps } from './statement.js';
import { StoredRow } from './stored-row.js';
import { toStoredText } from './stored-text.js';

/** So often a new run that met another one at the same moment is tried. */
const MOST_TRIES = 5;

/** Accepts a new run where nothing stands against it, else gives undefined: one statement decides. */
export function* insertFree(
  statements: RunStatements,
  given: RunRecord,
  { lease, input }: InsertOptions,
): Steps<StoredRun | undefined> {
  const [free] = yield statements.insertFree.with(valuesOfRun(given, lease, input));
  return free && accepted(given, lease, free);
}

/** Accepts a new run; within a transaction that holds the lock of the thread. */
export function* insertRun(
  statements: RunStatements,
  given: RunRecord,
  options: InsertOptions,
): Steps<StoredRun> {
  const { lease, maxQueued = Infinity, input } = options;
  const free = yield* insertFree(statements, given, options);
  if (free !== undefined) return free;
  for (let attempt = 0; attempt < MOST_TRIES; attempt += 1) {
    const rivals = yield statements.rivals.with(rivalValues(given));
    if (rivals.some(({ rival }) => rival === 'run')) {
      const [known] = yield statements.get.with(rivalValues(given));
      if (known !== undefined) return storedRun(known);
    }
    if (rivals.some(({ rival }) => rival === 'key')) throw idempotencyConflict(given.idempotencyKey ?? '');
    const open = rivals.filter(({ rival }) => rival === 'thread');
    const record = open.length === 0 ? given : waiting(given, open, maxQueued);
    const [inserted] = yield statements.insert.with(valuesOfRun(record, lease, input));
    if (inserted !== undefined) return accepted(record, lease, inserted);
    // A run with the same id or key came in between, so that it is there now.
  }
  throw storeUnavailableNow({
    problem: `The run '${given.runId}' could not be stored: others came in between again and again.`,
    remedy: 'Start it again.',
  });
}

function accepted(record: RunRecord, lease: Lease, row: SqlRow): StoredRun {
  const leaseExpiresAt = new StoredRow(row, `the run '${record.runId}'`).number('lease_expires_at');
  return {
    record: frozenRecord({ ...record, ownerId: lease.ownerId, leaseExpiresAt }),
    token: lease.token,
    revision: 1,
  };
}

function rivalValues(given: RunRecord) {
  return {
    runId: toStoredText(given.runId),
    idempotencyHash: idempotencyHashOf(given.tenantId, given.idempotencyKey),
    threadKey: threadKeyOf(given),
  };
}

/** The run as one that waits behind those which are open. */
function waiting(given: RunRecord, open: readonly SqlRow[], maxQueued: number): RunRecord {
  const { strategy, threadId = '' } = given;
  const rivals = open.map((row) => {
    const stored = new StoredRow(row, 'a run');
    return {
      runId: stored.text('run_id'),
      isPending: row['status'] === 'pending',
      position: stored.number('position'),
    };
  });
  if (strategy === 'reject') {
    const [active] = rivals.sort((left, right) => left.position - right.position);
    throw runConflict(threadId, active?.runId ?? '');
  }
  if (strategy === 'enqueue' && rivals.filter(({ isPending }) => isPending).length >= maxQueued)
    throw queueOfThreadFull(threadId, maxQueued);
  return { ...given, status: 'pending', startedAt: undefined };
}
