import type { StoredLineageSink } from '../ports/queryable-lineage-sink.js';
import { openSqlite } from './open-sqlite.js';
import type { SqliteOptions } from './open-sqlite.js';
import { SqlLineageSink } from './sql-lineage-sink.js';

/**
 * Keeps lineage records in a SQLite file; a run store and a sink of dead letters may use the same file.
 *
 * The packages `libsql` and `kysely` must be installed. The file is opened by the first call, and brought up to date.
 * Records that come while others are written are written together; `record` resolves once its record is there. Items
 * that are no data are kept as readable texts. Nothing is dropped by itself: call `prune` now and then.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, for wrong options. Calls reject with `STORE_SCHEMA_UNSUPPORTED` where the
 * file has a newer or damaged schema, or is no database; the file stays as it was.
 *
 * @example
 * {@includeCode ../../examples/api/sqlite-lineage-sink.ts}
 */
export function sqliteLineageSink(options: SqliteOptions): StoredLineageSink {
  return new SqlLineageSink(openSqlite('sqliteLineageSink', 'MemoryLineageSink', options), options.logger);
}
