import type { DeadLetterRetention, StoredDeadLetterSink } from '../ports/dead-letter-sink.js';
import { retentionRule } from './letter-retention.js';
import { openSqlite } from './open-sqlite.js';
import type { SqliteOptions } from './open-sqlite.js';
import { SqlDeadLetterSink } from './sql-dead-letter-sink.js';

/** Where and how a sink keeps dead letters in SQLite. */
export interface SqliteDeadLetterSinkOptions extends SqliteOptions {
  /** Which letters are kept. Default: all. */
  readonly retain?: DeadLetterRetention | undefined;
}

/**
 * Keeps dead letters in a SQLite file, for one process or for several on one host; a run store may use the same file.
 *
 * The packages `libsql` and `kysely` must be installed. The file is opened by the first call, and brought up to date.
 * Items that are no data are kept as readable texts. A letter that succeeds in a replay is removed.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, for wrong options. Calls reject with `STORE_SCHEMA_UNSUPPORTED` where the
 * file has a newer or damaged schema, or is no database; the file stays as it was.
 *
 * @example
 * {@includeCode ../../examples/api/sqlite-dead-letter-sink.ts}
 */
export function sqliteDeadLetterSink(options: SqliteDeadLetterSinkOptions): StoredDeadLetterSink {
  const database = openSqlite('sqliteDeadLetterSink', 'MemoryDeadLetterSink', options, {
    retain: retentionRule,
  });
  return new SqlDeadLetterSink(database, options);
}
