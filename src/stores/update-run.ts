import { changedRecord } from '../runs/changed-record.js';
import type { RunRecord } from '../runs/run-record.js';
import type { RunChanges, RunExpectation } from '../runs/run-store.js';
import { threadOf } from '../runs/run-thread.js';
import { changingValues, frozenRecord, hashOfThread, storedRun } from './run-row.js';
import type { RunStatements } from './run-statements.js';
import { replaceSession } from './session-statements.js';
import type { SessionStatements } from './session-statements.js';
import type { Steps } from './statement.js';
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
    const mustBeEldest = next.status === 'running' && thread !== undefined;
    const [written] = yield (mustBeEldest ? statements.begin : statements.change).with({
      ...changingValues(next),
      runId: storedId,
      revision: run.revision,
      threadKey: hashOfThread(next),
    });
    if (written !== undefined) {
      if (changes.session !== undefined && thread !== undefined)
        yield* replaceSession(statements.session, thread, changes.session, `${run.token} ${runId}`);
      return frozenRecord(next);
    }
    refused = run.revision;
  }
}
