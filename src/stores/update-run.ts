import { changedRecord } from '../runs/changed-record.js';
import type { RunRecord } from '../runs/run-record.js';
import type { RunStatus } from '../runs/run-status.js';
import type { RunChanges, RunExpectation } from '../runs/run-store.js';
import { threadOf } from '../runs/run-thread.js';
import { threadKeyOf } from './row-keys.js';
import { changingValues, frozenRecord, storedRun } from './run-row.js';
import type { RunStatements } from './run-statements.js';
import { replaceSession } from './session-statements.js';
import type { SessionStatements } from './session-statements.js';
import type { Statement, Steps } from './statement.js';
import { toStoredText } from './stored-text.js';

/**
 * Changes a run where it is as expected; within a transaction where the changes have a session.
 *
 * What is written depends on the revision of the row that it was decided by, so that no row has to be locked.
 */
export function* updateRun(
  statements: RunStatements & { readonly session: SessionStatements },
  runId: string,
  expected: RunExpectation,
  changes: RunChanges,
): Steps<RunRecord | undefined> {
  const storedId = toStoredText(runId);
  for (let refused: number | undefined; ;) {
    const [row] = yield statements.get.with({ runId: storedId });
    if (row === undefined) return undefined;
    const run = storedRun(row);
    const next = changedRecord(run, expected, changes);
    if (next === undefined || next === run.record) return next;
    // The row has not changed since it was refused: an elder run of the thread is open.
    if (run.revision === refused) return undefined;
    const thread = threadOf(next);
    const [written] = yield statementFor(statements, run.record.status, next.status).with({
      ...changingValues(next),
      runId: storedId,
      revision: run.revision,
      threadKey: threadKeyOf(next),
    });
    if (written !== undefined) {
      if (changes.session !== undefined && thread !== undefined)
        yield* replaceSession(statements.session, thread, changes.session, `${run.token} ${runId}`);
      return frozenRecord(next);
    }
    refused = run.revision;
  }
}

function statementFor({ note, begin, end }: RunStatements, from: RunStatus, to: RunStatus): Statement {
  if (from === to) return note;
  return to === 'running' ? begin : end;
}
