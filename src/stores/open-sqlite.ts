import { readProperty } from '../data/foreign-value.js';
import { checkArgument, checkOptions, rule } from '../errors/option-rules.js';
import type { OptionRule, OptionRules } from '../errors/option-rules.js';
import { loggerRule } from '../ports/logger.js';
import type { Logger } from '../ports/logger.js';
import { sqliteDialect } from './sql-dialect.js';
import type { SqlDatabase } from './sql-connection.js';
import { SqliteConnection } from './sqlite-connection.js';

/** Where a database is in SQLite, and how it is written to. */
export interface SqliteOptions {
  /** The path of the database file; it is made where it is not there, its folder is not. */
  readonly path: string;
  /**
   * When what is written reaches the disk. With `NORMAL` nothing is lost when a process dies, `kill -9` included, but
   * the last writes may be when the machine loses power; with `FULL` nothing is, and each write takes longer. Default:
   * `NORMAL`.
   */
  readonly synchronous?: 'NORMAL' | 'FULL' | undefined;
  /**
   * Told of what no caller hears of: damaged rows that are left out, dead letters that are dropped. Default: a warning of
   * the process, or for a sink that a run calls, the logger of the run.
   */
  readonly logger?: Logger | undefined;
}

/** A file: libsql would take an address for a server, and an empty name or `:memory:` for no file at all. */
const filePath =
  (inMemory: string): OptionRule =>
  (value) =>
    typeof value === 'string' &&
    value !== '' &&
    !value.includes('\0') &&
    !/^(:memory:|file:|[a-z]+:\/\/)/i.test(value)
      ? undefined
      : `the path of a file (to keep them in memory take a ${inMemory})`;

/**
 * Makes the connection to a file, which its first call opens.
 *
 * @param name the function that was called, for errors.
 * @param inMemory the class to take for data in memory.
 * @param rules the options that are not those of the file.
 * @throws {@link PipelineError} `OPTION_INVALID`.
 */
export function openSqlite(
  name: string,
  inMemory: string,
  options: SqliteOptions,
  rules: OptionRules = {},
): SqlDatabase {
  const pathRule = filePath(inMemory);
  checkOptions(name, options, {
    path: pathRule,
    synchronous: rule.oneOf('NORMAL', 'FULL'),
    logger: loggerRule,
    ...rules,
  });
  // An option that is left out is no wrong one, but this one is needed.
  checkArgument(name, readProperty(options, 'path'), pathRule);
  const { path, synchronous = 'NORMAL' } = options;
  const dialect = sqliteDialect();
  return { dialect, connection: new SqliteConnection(dialect, { path, synchronous }), place: path };
}
