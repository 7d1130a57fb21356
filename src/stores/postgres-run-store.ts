import type { RunStore } from '../runs/run-store.js';
import { openPostgres } from './open-postgres.js';
import type { PostgresOptions } from './open-postgres.js';
import { SqlRunStore } from './sql-run-store.js';

/**
 * Keeps runs in PostgreSQL, for any number of processes on any number of hosts.
 *
 * The packages `pg` and `kysely` must be installed. The tables, whose names begin with `heirline_`, are made by the first
 * call in the first schema of the search path, and brought up to date.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, for wrong options. Calls reject with `STORE_SCHEMA_UNSUPPORTED` where the
 * tables are newer or damaged; they stay as they were.
 *
 * @example
 * {@includeCode ../../examples/api/postgres-run-store.ts}
 */
export function postgresRunStore(options: PostgresOptions): RunStore {
  return new SqlRunStore(openPostgres('postgresRunStore', options), options.logger);
}
