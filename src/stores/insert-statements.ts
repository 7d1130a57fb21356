import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { SqlDialect } from './sql-dialect.js';
import { leaseEnd } from './lease-end.js';
import { slot, Statement } from './statement.js';

/** The columns of a new run, each from the slot that is named here, in their order. */
const columns = {
  run_id: 'runId',
  tenant_id: 'tenantId',
  thread_id: 'threadId',
  thread_key: 'threadKey',
  active_thread: 'activeThread',
  idempotency_key: 'idempotencyKey',
  idempotency_hash: 'idempotencyHash',
  pipeline_name: 'pipelineName',
  definition: 'definition',
  status: 'status',
  strategy: 'strategy',
  on_disconnect: 'onDisconnect',
  metadata: 'metadata',
  follow_up_to_run_id: 'followUpToRunId',
  owner_id: 'ownerId',
  token: 'token',
  cost: 'cost',
  counts: 'counts',
  input: 'input',
} as const;

const times = { created_at: 'createdAt', started_at: 'startedAt' } as const;

/** The statements that insert a run; each gives nothing where a unique index is in the way. */
export function insertStatements(dialect: SqlDialect) {
  const { compiler } = dialect;
  const values: readonly RawBuilder<unknown>[] = [
    ...Object.values(columns).map((name) => slot(name)),
    ...Object.values(times).map((name) => sql`cast(${slot(name)} as double precision)`),
    leaseEnd(dialect),
    sql.lit(1),
  ];
  const insert = (condition: RawBuilder<unknown>): Statement =>
    new Statement(
      {
        compile: () =>
          sql`insert into heirline_runs (${sql.join(
            [...Object.keys(columns), ...Object.keys(times), 'lease_expires_at', 'revision'].map((name) =>
              sql.ref(name),
            ),
          )}) select ${sql.join([...values])} where ${condition}
            on conflict do nothing returning lease_expires_at`.compile(compiler),
      },
      'row',
    );
  const openOfThread = compiler
    .selectFrom('heirline_runs')
    .select('position')
    .where('thread_key', '=', slot('threadKey'))
    .where('lease_expires_at', 'is not', null);
  return {
    /** Inserts a run. */
    insert: insert(sql`1 = 1`),
    /** Inserts a run where no other one of its thread is open. */
    insertFree: insert(sql`not exists ${openOfThread}`),
  };
}
