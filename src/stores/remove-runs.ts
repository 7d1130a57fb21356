import { sql } from 'kysely';
import { runConflict } from '../errors/run-errors.js';
import type { RunThread, StorePruneOptions } from '../runs/run-store.js';
import type { LogStatements } from './log-statements.js';
import { threadKeyOf } from './row-keys.js';
import type { RunStatements } from './run-statements.js';
import type { SessionStatements } from './session-statements.js';
import type { SqlDialect } from './sql-dialect.js';
import { slot, Statement } from './statement.js';
import type { SqlRow, Steps } from './statement.js';
import { StoredRow } from './stored-row.js';
import { toStoredText } from './stored-text.js';

/** How many runs one transaction of a prune removes: neither the database nor the process is held up for long. */
export const PRUNE_STEP = 500;

/** The position of the newest run that a prune may remove; undefined where all of them may be. */
export function* pruneLimit(
  { compiler }: SqlDialect,
  { keep, tenantId }: StorePruneOptions,
): Steps<number | undefined> {
  if (keep === undefined) return Infinity;
  const newest = endedRuns(compiler, tenantId).orderBy('position', 'desc').limit(1).offset(keep);
  const [row] = yield new Statement(newest).with();
  return row && Number(row['position']);
}

/** Removes some ended runs with positions up to one, and their logs; gives how many. Within a transaction. */
export function* pruneSome(
  { compiler }: SqlDialect,
  log: LogStatements,
  { endedBefore, tenantId }: StorePruneOptions,
  upTo: number,
): Steps<number> {
  let doomed = endedRuns(compiler, tenantId).orderBy('position').limit(PRUNE_STEP);
  if (upTo !== Infinity) doomed = doomed.where('position', '<=', upTo);
  if (endedBefore !== undefined)
    doomed = doomed.where(sql<number>`coalesce(ended_at, -1e300)`, '<', endedBefore);
  const removal = compiler.deleteFrom('heirline_runs').where('position', 'in', doomed).returning('position');
  return yield* forgetLogs(log, yield new Statement(removal).with());
}

/** The statement that removes all runs of a thread. */
export function threadRemoval({ compiler }: SqlDialect): Statement {
  return new Statement(
    compiler.deleteFrom('heirline_runs').where('thread_key', '=', slot('threadKey')).returning('position'),
  );
}

/** Removes all of a thread; within a transaction that holds the lock of the thread. */
export function* forgetThread(
  statements: RunStatements & {
    readonly removal: Statement;
    readonly log: LogStatements;
    readonly session: SessionStatements;
  },
  thread: RunThread,
): Steps<number> {
  const threadKey = threadKeyOf(thread);
  const [active] = yield statements.active.with({ threadKey });
  if (active !== undefined) throw runConflict(thread.threadId, new StoredRow(active, 'a run').text('run_id'));
  const count = yield* forgetLogs(statements.log, yield statements.removal.with({ threadKey }));
  yield statements.session.forget.with({ threadKey });
  return count;
}

function* forgetLogs(log: LogStatements, removed: readonly SqlRow[]): Steps<number> {
  const positions = JSON.stringify(removed.map(({ position }) => Number(position)));
  if (removed.length > 0) yield log.forget.with({ positions });
  return removed.length;
}

function endedRuns(compiler: SqlDialect['compiler'], tenantId: string | null | undefined) {
  const ended = compiler.selectFrom('heirline_runs').select('position').where('lease_expires_at', 'is', null);
  if (tenantId === undefined) return ended;
  return tenantId === null
    ? ended.where('tenant_id', 'is', null)
    : ended.where('tenant_id', '=', toStoredText(tenantId));
}
