import { sql } from 'kysely';
import type { Compilable } from 'kysely';
import { insertStatements } from './insert-statements.js';
import { leaseEnd } from './lease-end.js';
import { recordColumns } from './run-database.js';
import type { SqlDialect } from './sql-dialect.js';
import { slot, Statement } from './statement.js';

/** The statements about runs, compiled once for a store. */
export type RunStatements = ReturnType<typeof runStatements>;

/** Compiles the statements about runs for a database. Only an open run has a lease: that tells it from ended ones. */
export function runStatements(dialect: SqlDialect) {
  const { compiler, now, texts, hasRowLocks } = dialect;
  const statement = (source: Compilable): Statement => new Statement(source);
  const single = (source: Compilable): Statement => new Statement(source, 'row');
  const written = (source: Compilable): Statement => new Statement(source, 'written');

  const runs = compiler.selectFrom('heirline_runs');
  const byId = runs.where('run_id', '=', slot('runId'));
  const openOfThread = runs
    .where('thread_key', '=', slot('threadKey'))
    .where('lease_expires_at', 'is not', null);

  const changed = compiler.updateTable('heirline_runs');
  // Columns that stand in an index are set only where they change.
  const changes = changed
    .set({
      stop_reason: slot<string | null>('stopReason'),
      error: slot<string | null>('error'),
      started_at: slot<number | null>('startedAt'),
      ended_at: slot<number | null>('endedAt'),
      cost: slot('cost'),
      counts: slot('counts'),
      revision: sql<number>`revision + 1`,
    })
    .where('run_id', '=', slot('runId'))
    .where('revision', '=', slot<number>('revision'))
    .where('token', '=', slot('token'));
  /** A change of a run that stays open; gives the end of its lease. */
  const change = (update: typeof changes): Statement => single(update.returning('lease_expires_at'));
  const status = changes.set({ status: slot('status'), active_thread: slot<string | null>('activeThread') });

  const orphans = compiler
    .selectFrom(dialect.openRuns)
    .select('position')
    .where('lease_expires_at', '<=', sql<number>`${now} - cast(${slot('graceMs')} as double precision)`)
    .where('token', '<>', slot('token'));
  const claim = (of: typeof orphans) =>
    statement(
      changed
        .set({ ...lease(), lease_expires_at: leaseEnd(dialect), revision: sql<number>`revision + 1` })
        .where(
          'position',
          'in',
          of
            .orderBy('position')
            .limit(slot<number>('limit'))
            // Who claims beside this one takes others.
            .$if(hasRowLocks, (query) => query.forUpdate().skipLocked()),
        )
        .returning([...recordColumns, 'position']),
    );

  return {
    ...insertStatements(dialect),
    get: single(byId.select(recordColumns)),
    /** The token of a run's owner, which stays until the end of the transaction. */
    owner: single(byId.select(['position', 'token']).$if(hasRowLocks, (query) => query.forShare())),
    place: single(byId.select(['position', 'tenant_id'])),
    byKey: single(runs.select(recordColumns).where('idempotency_hash', '=', slot('keyHash'))),
    active: single(openOfThread.select(recordColumns).orderBy('position').limit(1)),
    /** What stands against a new run: the same run, one with its key, the open ones of its thread. */
    rivals: statement(
      byId
        .select(['run_id', 'status', 'position', sql<string>`'run'`.as('rival')])
        .unionAll(
          runs
            .select(['run_id', 'status', 'position', sql<string>`'key'`.as('rival')])
            .where('idempotency_hash', '=', slot('idempotencyHash')),
        )
        .unionAll(openOfThread.select(['run_id', 'status', 'position', sql<string>`'thread'`.as('rival')])),
    ),
    /** Changes a run whose status stays. */
    note: change(changes),
    /** Changes a run that ends, with what its log gets. */
    end: written(status.set({ lease_expires_at: null, last_events: slot<string | null>('lastEvents') })),
    /** Changes a run that begins to run, where no elder run of its thread is open. */
    begin: change(
      status.where((run) =>
        run.not(
          run.exists(
            run
              .selectFrom('heirline_runs as elder')
              .select('elder.position')
              .where('elder.thread_key', '=', slot('threadKey'))
              .where('elder.lease_expires_at', 'is not', null)
              .where('elder.position', '<', run.ref('heirline_runs.position')),
          ),
        ),
      ),
    ),
    renew: statement(
      changed
        .set({ owner_id: slot('ownerId'), lease_expires_at: leaseEnd(dialect) })
        .where('token', '=', slot('token'))
        .where('lease_expires_at', 'is not', null)
        .where('run_id', 'in', texts(slot('runIds')))
        .returning('run_id'),
    ),
    requestCancel: statement(
      changed
        .set({
          cancel_action: slot('action'),
          cancel_reason: slot('reason'),
          revision: sql<number>`revision + 1`,
        })
        .where('run_id', '=', slot('runId'))
        .where('lease_expires_at', 'is not', null)
        .where('cancel_action', 'is', null),
    ),
    cancels: statement(
      runs
        .select(['run_id', 'cancel_action', 'cancel_reason'])
        .where('token', '=', slot('token'))
        .where('lease_expires_at', 'is not', null)
        .where('cancel_action', 'is not', null)
        .orderBy('position'),
    ),
    claim: claim(
      orphans.where((run) =>
        run.or([
          run('status', '=', sql.lit('running')),
          run('definition', 'is', null),
          run('definition', 'in', texts(slot('definitions'))),
        ]),
      ),
    ),
    claimOne: claim(orphans.where('run_id', '=', slot('runId'))),
    input: single(byId.select('input')),
  };

  function lease() {
    return { token: slot('token'), owner_id: slot('ownerId') };
  }
}
