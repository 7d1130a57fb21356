import { changedRecord } from '../runs/changed-record.js';
import type { RunRecord } from '../runs/run-record.js';
import { isOpen } from '../runs/run-status.js';
import type { RunStatus } from '../runs/run-status.js';
import type { RunChanges, RunExpectation } from '../runs/run-store.js';
import { threadOf } from '../runs/run-thread.js';
import { threadKeyOf } from './row-keys.js';
import { changingValues, storedRun } from './run-row.js';
import type { StoredRun } from './run-row.js';
import { addEvents } from './log-statements.js';
import type { LogStatements } from './log-statements.js';
import type { RunStatements } from './run-statements.js';
import { replaceSession } from './session-statements.js';
import type { SessionStatements } from './session-statements.js';
import { mergedValues } from './statement.js';
import type { SqlRow, Statement, Steps } from './statement.js';
import { StoredRow } from './stored-row.js';
import { toStoredText } from './stored-text.js';

/** The statements of an update. */
type UpdateStatements = RunStatements & { readonly session: SessionStatements; readonly log: LogStatements };

/** Whether a change is written by one statement, so that no transaction is needed around it. */
export function isOneStatement({ status, session, events }: RunChanges): boolean {
  return session === undefined && (events === undefined || isEnd(status));
}

/** What the log gets with the end of a run stands in its row, all else in the table of events. */
function isEnd(status: RunStatus | undefined): boolean {
  return status !== undefined && !isOpen(status);
}

/**
 * Changes a run where it is as expected; within a transaction where the changes need one ({@link isOneStatement}).
 *
 * What is written depends on the revision of the row that it was decided by, so that no row has to be locked.
 *
 * @param recent the row as it was seen last, if it was: only what is written is decided by it, never what is not.
 */
export function* updateRun(
  statements: UpdateStatements,
  runId: string,
  expected: RunExpectation,
  changes: RunChanges,
  recent: StoredRun | undefined,
): Steps<StoredRun | undefined> {
  const storedId = toStoredText(runId);
  if (recent !== undefined) {
    const next = changedRecord(recent, expected, changes);
    if (next !== undefined && next !== recent.record) {
      const written = yield* write(statements, recent, next, changes);
      if (written !== undefined) return written;
    }
  }
  for (let refused: number | undefined; ;) {
    const [row] = yield statements.get.with({ runId: storedId });
    if (row === undefined) return undefined;
    const run = storedRun(row);
    const next = changedRecord(run, expected, changes);
    if (next === undefined) return undefined;
    if (next === run.record) return run;
    // The row has not changed since it was refused: an elder run of the thread is open.
    if (run.revision === refused) return undefined;
    const written = yield* write(statements, run, next, changes);
    if (written !== undefined) return written;
    refused = run.revision;
  }
}

/** Writes what was decided by a row; undefined where the row has changed since, or an elder run of the thread is open. */
function* write(
  statements: UpdateStatements,
  { record, token, revision }: StoredRun,
  next: RunRecord,
  { session, events }: RunChanges,
): Steps<StoredRun | undefined> {
  const { runId } = record;
  const statement = statementFor(statements, record.status, next.status);
  const threadKey = statement === statements.begin ? threadKeyOf(next) : null;
  const place = {
    runId: toStoredText(runId),
    revision,
    token: toStoredText(token),
    threadKey,
    activeThread: threadKey,
    lastEvents: events && JSON.stringify(events),
  };
  const [written] = yield statement.with(mergedValues(place, changingValues(next)));
  if (written === undefined) return undefined;
  if (events !== undefined && !isEnd(next.status)) yield* addEvents(statements.log, runId, events, token);
  const thread = threadOf(next);
  if (session !== undefined && thread !== undefined)
    yield* replaceSession(statements.session, thread, session, `${token} ${runId}`);
  return { record: isOpen(next.status) ? withLease(next, written) : next, token, revision: revision + 1 };
}

/** The record with its lease as it is stored: a renewal may have come since the row was read. */
function withLease(record: RunRecord, row: SqlRow): RunRecord {
  const leaseExpiresAt = new StoredRow(row, `the run '${record.runId}'`).number('lease_expires_at');
  return Object.freeze({ ...record, leaseExpiresAt });
}

function statementFor({ note, begin, end }: RunStatements, from: RunStatus, to: RunStatus): Statement {
  if (from === to) return note;
  return to === 'running' ? begin : end;
}
