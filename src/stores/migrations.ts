import { sql } from 'kysely';
import type { ColumnDefinitionBuilder, Compilable } from 'kysely';
import type { SqlDialect } from './sql-dialect.js';

/**
 * What makes a schema out of the one before: the first of an empty database, the last the latest one.
 *
 * One that was published is never changed: databases have it. A change is a new one at the end.
 */
export const migrations: readonly ((dialect: SqlDialect) => readonly Compilable[])[] = [
  runsSessionsLogs,
  deadLetters,
];

/** The type of a column that counts by itself; in SQLite the number of the row does. */
function counted(isPostgres: boolean) {
  return [
    isPostgres ? 'bigint' : 'integer',
    (column: ColumnDefinitionBuilder) =>
      isPostgres ? column.primaryKey().generatedAlwaysAsIdentity() : column.primaryKey(),
  ] as const;
}

function runsSessionsLogs({ compiler: { schema }, hasRowLocks }: SqlDialect): readonly Compilable[] {
  const index = (name: string) => schema.createIndex(name).on('heirline_runs');
  return [
    schema.createTable('heirline_schema').addColumn('version', 'integer', (column) => column.notNull()),
    schema
      .createTable('heirline_runs')
      .addColumn('position', ...counted(hasRowLocks))
      .addColumn('run_id', 'text', (column) => column.notNull().unique())
      .addColumn('tenant_id', 'text')
      .addColumn('thread_id', 'text')
      .addColumn('thread_key', 'text')
      .addColumn('active_thread', 'text')
      .addColumn('idempotency_key', 'text')
      .addColumn('idempotency_hash', 'text')
      .addColumn('pipeline_name', 'text', (column) => column.notNull())
      .addColumn('definition', 'text')
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('strategy', 'text', (column) => column.notNull())
      .addColumn('on_disconnect', 'text', (column) => column.notNull())
      .addColumn('metadata', 'text', (column) => column.notNull())
      .addColumn('follow_up_to_run_id', 'text')
      .addColumn('stop_reason', 'text')
      .addColumn('error', 'text')
      .addColumn('cancel_action', 'text')
      .addColumn('cancel_reason', 'text')
      .addColumn('owner_id', 'text', (column) => column.notNull())
      .addColumn('token', 'text', (column) => column.notNull())
      .addColumn('lease_expires_at', 'double precision')
      .addColumn('created_at', 'double precision', (column) => column.notNull())
      .addColumn('started_at', 'double precision')
      .addColumn('ended_at', 'double precision')
      .addColumn('cost', 'text', (column) => column.notNull())
      .addColumn('counts', 'text', (column) => column.notNull())
      .addColumn('input', 'text')
      .addColumn('revision', 'integer', (column) => column.notNull())
      .addColumn('last_events', 'text'),
    index('heirline_runs_active_thread')
      .unique()
      .column('active_thread')
      .where('active_thread', 'is not', null),
    index('heirline_runs_idempotency')
      .unique()
      .column('idempotency_hash')
      .where('idempotency_hash', 'is not', null),
    // Few rows, whatever a database holds: all open runs, those of a thread together.
    index('heirline_runs_open')
      .columns(['thread_key', 'position'])
      .where(sql.ref('lease_expires_at'), 'is not', null),
    index('heirline_runs_thread').columns(['thread_key', 'position']).where('thread_key', 'is not', null),
    index('heirline_runs_tenant').columns(['tenant_id', 'position']).where('tenant_id', 'is not', null),
    schema
      .createTable('heirline_run_events')
      // In SQLite the number of the row: a new event is added at the end of the table, without moving others.
      .addColumn('place', hasRowLocks ? 'bigint' : 'integer', (column) => column.primaryKey())
      .addColumn('event', 'text', (column) => column.notNull()),
    schema
      .createTable('heirline_sessions')
      .addColumn('thread_key', 'text', (column) => column.primaryKey())
      .addColumn('tenant_id', 'text')
      .addColumn('thread_id', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('entries', 'text', (column) => column.notNull())
      .addColumn('saved_by', 'text', (column) => column.notNull()),
  ];
}

function deadLetters({ compiler: { schema }, hasRowLocks }: SqlDialect): readonly Compilable[] {
  const index = (name: string) => schema.createIndex(name).on('heirline_dead_letters');
  return [
    schema
      .createTable('heirline_dead_letters')
      .addColumn('position', ...counted(hasRowLocks))
      .addColumn('letter_key', 'text', (column) => column.notNull().unique())
      .addColumn('path', 'text', (column) => column.notNull())
      .addColumn('path_key', 'text', (column) => column.notNull())
      .addColumn('run_id', 'text', (column) => column.notNull())
      .addColumn('run_key', 'text', (column) => column.notNull())
      .addColumn('written_at', 'double precision', (column) => column.notNull())
      .addColumn('claimed_at', 'double precision')
      .addColumn('claimed_by', 'text')
      .addColumn('size', 'integer', (column) => column.notNull())
      .addColumn('letter', 'text', (column) => column.notNull())
      .addColumn('marks', 'text', (column) => column.notNull()),
    index('heirline_dead_letters_path').columns(['path_key', 'position']),
    index('heirline_dead_letters_run').columns(['run_key', 'position']),
    index('heirline_dead_letters_age').column('written_at'),
  ];
}
