import { sql } from 'kysely';
import { leaseLost, sessionSavedMeanwhile } from '../errors/run-errors.js';
import type { Lease, RunThread, StoredSession } from '../runs/run-store.js';
import { threadKeyOf } from './row-keys.js';
import type { RunStatements } from './run-statements.js';
import type { SqlDialect } from './sql-dialect.js';
import { slot, Statement } from './statement.js';
import type { Query, Steps } from './statement.js';
import { StoredRow } from './stored-row.js';
import { isJsonObject } from './stored-shapes.js';
import { toStoredText } from './stored-text.js';

/** The statements about sessions, compiled once for a store. */
export type SessionStatements = ReturnType<typeof sessionStatements>;

const emptySession: StoredSession = Object.freeze({ version: 0, entries: Object.freeze({}) });

/** Compiles the statements about sessions for a database. */
export function sessionStatements({ compiler }: SqlDialect) {
  const ofThread = compiler.selectFrom('heirline_sessions').where('thread_key', '=', slot('threadKey'));
  return {
    load: new Statement(ofThread.select(['version', 'entries', 'saved_by']), 'row'),
    create: new Statement(
      compiler
        .insertInto('heirline_sessions')
        .values({
          thread_key: slot('threadKey'),
          tenant_id: slot<string | null>('tenantId'),
          thread_id: slot('threadId'),
          version: sql<number>`1`,
          entries: slot('entries'),
          saved_by: slot('savedBy'),
        })
        .onConflict((conflict) => conflict.doNothing()),
      'written',
    ),
    replace: new Statement(
      compiler
        .updateTable('heirline_sessions')
        .set({ entries: slot('entries'), saved_by: slot('savedBy'), version: sql<number>`version + 1` })
        .where('thread_key', '=', slot('threadKey'))
        .where('version', '=', slot<number>('version')),
      'written',
    ),
    forget: new Statement(
      compiler.deleteFrom('heirline_sessions').where('thread_key', '=', slot('threadKey')),
    ),
  };
}

/** The session of a thread. */
export function* loadSession(statements: SessionStatements, thread: RunThread): Steps<StoredSession> {
  const [row] = yield load(statements, thread);
  if (row === undefined) return emptySession;
  const stored = new StoredRow(row, `the session of the thread '${thread.threadId}'`);
  return Object.freeze({ version: stored.number('version'), entries: stored.json('entries', isJsonObject) });
}

/** Saves the session of a thread, for a run that owns the thread; within a transaction. */
export function* saveSession(
  statements: SessionStatements & Pick<RunStatements, 'owner'>,
  thread: RunThread,
  session: StoredSession,
  { runId, lease }: { readonly runId: string; readonly lease: Lease },
): Steps<void> {
  const [owner] = yield statements.owner.with({ runId: toStoredText(runId) });
  if (owner === undefined || owner['token'] !== toStoredText(lease.token)) throw leaseLost(runId);
  yield* replaceSession(statements, thread, session, `${lease.token} ${runId}`);
}

/** Replaces the session of a thread where its version is still the one that the new one was made from. */
export function* replaceSession(
  statements: SessionStatements,
  thread: RunThread,
  { version, entries }: StoredSession,
  saver: string,
): Steps<void> {
  const values = {
    threadKey: threadKeyOf(thread),
    tenantId: thread.tenantId === undefined ? null : toStoredText(thread.tenantId),
    threadId: toStoredText(thread.threadId),
    version,
    entries: JSON.stringify(entries),
    savedBy: toStoredText(saver),
  };
  const [saved] = yield (version === 0 ? statements.create : statements.replace).with(values);
  if (saved !== undefined) return;
  const [stored] = yield load(statements, thread);
  // A save whose answer was lost is made again.
  const isRepeat =
    Number(stored?.['version']) === version + 1 &&
    stored?.['saved_by'] === values.savedBy &&
    stored['entries'] === values.entries;
  if (!isRepeat) throw sessionSavedMeanwhile(thread.threadId);
}

function load(statements: SessionStatements, thread: RunThread): Query {
  return statements.load.with({ threadKey: threadKeyOf(thread) });
}
