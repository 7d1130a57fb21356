import { sql } from 'kysely';
import type { Compilable } from 'kysely';
import { recordColumns } from './run-database.js';
import type { SqlDialect } from './sql-dialect.js';
import { slot, Statement } from './statement.js';

/** The statements about runs, compiled once for a store. */
export type RunStatements = ReturnType<typeof runStatements>;

/** Compiles the statements about runs for a database. Only an open run has a lease: that tells it from ended ones. */
export function runStatements(dialect: SqlDialect) {
  const { compiler, now, texts, hasRowLocks } = dialect;
  const statement = (source: Compilable): Statement => new Statement(source);
  const leaseMs = sql<number>`cast(${slot('leaseMs')} as double precision)`;
  // A lease that is given back ended long ago, so that its grace is over too.
  const leaseEnd = sql<number>`case when ${leaseMs} = 0 then 0 else ${now} + ${leaseMs} end`;

  const runs = compiler.selectFrom('heirline_runs');
  const byId = runs.where('run_id', '=', slot('runId'));
  const openOfThread = runs
    .where('thread_key', '=', slot('threadKey'))
    .where('lease_expires_at', 'is not', null);

  const changed = compiler.updateTable('heirline_runs');
  const change = changed
    .set({
      status: slot('status'),
      active_thread: slot<string | null>('activeThread'),
      stop_reason: slot<string | null>('stopReason'),
      error: slot<string | null>('error'),
      started_at: slot<number | null>('startedAt'),
      ended_at: slot<number | null>('endedAt'),
      cost: slot('cost'),
      counts: slot('counts'),
      // A renewal may have come since the row was read.
      lease_expires_at: sql<number | null>`case when cast(${slot('isOpen')} as integer) = 1
        then lease_expires_at else null end`,
      revision: sql<number>`revision + 1`,
    })
    .where('run_id', '=', slot('runId'))
    .where('revision', '=', slot<number>('revision'))
    .returning('position');

  const orphans = runs
    .select('position')
    .where('lease_expires_at', '<=', sql<number>`${now} - cast(${slot('graceMs')} as double precision)`)
    .where('token', '<>', slot('token'));
  const claim = (of: typeof orphans) =>
    statement(
      changed
        .set({ ...lease(), lease_expires_at: leaseEnd, revision: sql<number>`revision + 1` })
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
    get: statement(byId.select(recordColumns)),
    /** The token of a run's owner, which stays until the end of the transaction. */
    owner: statement(byId.select(['position', 'token']).$if(hasRowLocks, (query) => query.forShare())),
    place: statement(byId.select(['position', 'tenant_id'])),
    byKey: statement(runs.select(recordColumns).where('idempotency_hash', '=', slot('keyHash'))),
    active: statement(openOfThread.select(recordColumns).orderBy('position').limit(1)),
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
    insert: statement(
      compiler
        .insertInto('heirline_runs')
        .values({
          run_id: slot('runId'),
          tenant_id: slot<string | null>('tenantId'),
          thread_id: slot<string | null>('threadId'),
          thread_key: slot<string | null>('threadKey'),
          active_thread: slot<string | null>('activeThread'),
          idempotency_key: slot<string | null>('idempotencyKey'),
          idempotency_hash: slot<string | null>('idempotencyHash'),
          pipeline_name: slot('pipelineName'),
          definition: slot<string | null>('definition'),
          status: slot('status'),
          strategy: slot('strategy'),
          on_disconnect: slot('onDisconnect'),
          metadata: slot('metadata'),
          follow_up_to_run_id: slot<string | null>('followUpToRunId'),
          stop_reason: slot<string | null>('stopReason'),
          error: slot<string | null>('error'),
          ...lease(),
          lease_expires_at: leaseEnd,
          created_at: slot<number>('createdAt'),
          started_at: slot<number | null>('startedAt'),
          ended_at: slot<number | null>('endedAt'),
          cost: slot('cost'),
          counts: slot('counts'),
          input: slot<string | null>('input'),
          revision: sql<number>`1`,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('lease_expires_at'),
    ),
    change: statement(change),
    /** The same, only where no elder run of the thread is open. */
    begin: statement(
      change.where((run) =>
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
        .set({ owner_id: slot('ownerId'), lease_expires_at: leaseEnd })
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
    input: statement(byId.select('input')),
  };

  function lease() {
    return { token: slot('token'), owner_id: slot('ownerId') };
  }
}
