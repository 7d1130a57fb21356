import { readProperty } from '../data/foreign-value.js';
import { checkArgument, checkOptions, rule } from '../errors/option-rules.js';
import type { OptionRule } from '../errors/option-rules.js';
import { loggerRule, silentLogger } from '../ports/logger.js';
import type { Logger } from '../ports/logger.js';
import type { RunStore } from '../runs/run-store.js';
import { sqliteDialect } from './sql-dialect.js';
import { SqlRunStore } from './sql-run-store.js';
import { SqliteConnection } from './sqlite-connection.js';

/** Where and how a store keeps runs in SQLite. */
export interface SqliteRunStoreOptions {
  /** The path of the database file; it is made where it is not there, its folder is not. */
  readonly path: string;
  /**
   * When what is written reaches the disk. With `NORMAL` nothing is lost when a process dies, `kill -9` included, but
   * the last writes may be when the machine loses power; with `FULL` nothing is, and each write takes longer. Default:
   * `NORMAL`.
   */
  readonly synchronous?: 'NORMAL' | 'FULL' | undefined;
  /** Told of damaged rows that lists leave out. Default: a warning of the process. */
  readonly logger?: Logger | undefined;
}

/** A file: libsql would take an address for a server, and an empty name or `:memory:` for no file at all. */
const filePath: OptionRule = (value) =>
  typeof value === 'string' &&
  value !== '' &&
  !value.includes('\0') &&
  !/^(:memory:|file:|[a-z]+:\/\/)/i.test(value)
    ? undefined
    : 'the path of a file (for runs in memory take a MemoryRunStore)';

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
export function sqliteRunStore(options: SqliteRunStoreOptions): RunStore {
  checkOptions('sqliteRunStore', options, {
    path: filePath,
    synchronous: rule.oneOf('NORMAL', 'FULL'),
    logger: loggerRule,
  });
  // An option that is left out is no wrong one, but this one is needed.
  checkArgument('sqliteRunStore', readProperty(options, 'path'), filePath);
  const { path, synchronous = 'NORMAL', logger = silentLogger } = options;
  const dialect = sqliteDialect();
  return new SqlRunStore(dialect, new SqliteConnection(dialect, { path, synchronous }), logger);
}
