import type { DeadLetterRetention, StoredDeadLetterSink } from '../ports/dead-letter-sink.js';
import { retentionRule } from './letter-retention.js';
import { openPostgres } from './open-postgres.js';
import type { PostgresOptions } from './open-postgres.js';
import { SqlDeadLetterSink } from './sql-dead-letter-sink.js';

/** Where and how a sink keeps dead letters in PostgreSQL. */
export interface PostgresDeadLetterSinkOptions extends PostgresOptions {
  /** Which letters are kept. Default: all. */
  readonly retain?: DeadLetterRetention | undefined;
}

/**
 * Keeps dead letters in PostgreSQL, for any number of processes on any hosts; a run store may use the same database.
 *
 * The packages `pg` and `kysely` must be installed. The tables, whose names begin with `heirline_`, are made by the first
 * call in the first schema of the search path, and brought up to date. Items that are no data are kept as readable texts.
 * A letter that succeeds in a replay is removed.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, for wrong options. Calls reject with `STORE_SCHEMA_UNSUPPORTED` where the
 * tables are newer or damaged; they stay as they were.
 *
 * @example
 * {@includeCode ../../examples/api/postgres-dead-letter-sink.ts}
 */
export function postgresDeadLetterSink(options: PostgresDeadLetterSinkOptions): StoredDeadLetterSink {
  const database = openPostgres('postgresDeadLetterSink', options, { retain: retentionRule });
  return new SqlDeadLetterSink(database, options);
}
