import type { RunStore } from '../runs/run-store.js';
import { openSqlite } from './open-sqlite.js';
import type { SqliteOptions } from './open-sqlite.js';
import { SqlRunStore } from './sql-run-store.js';

/**
 * Keeps runs in a SQLite file, for one process or for several on one host.
 *
 * The packages `libsql` and `kysely` must be installed. The file is opened by the first call, and brought up to date; a
 * second file, with `-wal` behind its name, is part of it while it is in use. It must not be on a network drive.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, for wrong options. Calls reject with `STORE_SCHEMA_UNSUPPORTED` where the
 * file has a newer or damaged schema, or is no database; the file stays as it was.
 *
 * @example
 * {@includeCode ../../examples/api/sqlite-run-store.ts}
 */
export function sqliteRunStore(options: SqliteOptions): RunStore {
  return new SqlRunStore(openSqlite('sqliteRunStore', 'MemoryRunStore', options), options.logger);
}
