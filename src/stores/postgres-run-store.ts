import pg from 'pg';
import { readProperty } from '../data/foreign-value.js';
import { checkOptions, invalidOption, rule } from '../errors/option-rules.js';
import { silentLogger } from '../ports/logger.js';
import type { Logger } from '../ports/logger.js';
import type { RunStore } from '../runs/run-store.js';
import { PostgresConnection } from './postgres-connection.js';
import type { PostgresPool } from './postgres-pool.js';
import { postgresDialect } from './sql-dialect.js';
import { SqlRunStore } from './sql-run-store.js';

/** Where and how a store keeps runs in PostgreSQL: give one of `connectionString` and `pool`. */
export interface PostgresRunStoreOptions {
  /** The address of the database: the store has a pool of connections of its own, and ends it when it is closed. */
  readonly connectionString?: string | undefined;
  /** A pool that the application has already; it stays open when the store is closed. */
  readonly pool?: PostgresPool | undefined;
  /** Told of damaged rows that lists leave out. Default: a warning of the process. */
  readonly logger?: Logger | undefined;
}

/** How long a connection may take: else a server that does not answer would hold up every call. */
const CONNECT_MS = 10_000;

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
export function postgresRunStore(options: PostgresRunStoreOptions): RunStore {
  checkOptions('postgresRunStore', options, {
    connectionString: rule.text,
    pool: rule.having('connect', 'on', 'off'),
    logger: rule.having('trace', 'debug', 'info', 'warn', 'error'),
  });
  const given = ['connectionString', 'pool'].filter((name) => readProperty(options, name) !== undefined);
  if (given.length !== 1)
    throw invalidOption('postgresRunStore', "one of 'connectionString' and 'pool' must be given, not both");
  const { connectionString, pool, logger = silentLogger } = options;
  const dialect = postgresDialect();
  if (pool !== undefined)
    return new SqlRunStore(dialect, new PostgresConnection(dialect, pool, noEnd), logger);
  const own = new pg.Pool({ connectionString, connectionTimeoutMillis: CONNECT_MS });
  return new SqlRunStore(dialect, new PostgresConnection(dialect, own, () => own.end()), logger);
}

/** The pool belongs to the application. */
function noEnd(): Promise<void> {
  return Promise.resolve();
}
