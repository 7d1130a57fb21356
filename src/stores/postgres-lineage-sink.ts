import type { StoredLineageSink } from '../ports/queryable-lineage-sink.js';
import { openPostgres } from './open-postgres.js';
import type { PostgresOptions } from './open-postgres.js';
import { SqlLineageSink } from './sql-lineage-sink.js';

/**
 * Keeps lineage records in PostgreSQL, for any number of processes on any hosts; a run store may use the same database.
 *
 * The packages `pg` and `kysely` must be installed. The tables, whose names begin with `heirline_`, are made by the first
 * call in the first schema of the search path, and brought up to date. Records that come while others are written are
 * written together; `record` resolves once its record is there. Items that are no data are kept as readable texts.
 * Nothing is dropped by itself: call `prune` now and then.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, for wrong options. Calls reject with `STORE_SCHEMA_UNSUPPORTED` where the
 * tables are newer or damaged; they stay as they were.
 *
 * @example
 * {@includeCode ../../examples/api/postgres-lineage-sink.ts}
 */
export function postgresLineageSink(options: PostgresOptions): StoredLineageSink {
  return new SqlLineageSink(openPostgres('postgresLineageSink', options), options.logger);
}
