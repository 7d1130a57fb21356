import pg from 'pg';
import { readProperty } from '../data/foreign-value.js';
import { checkOptions, invalidOption, rule } from '../errors/option-rules.js';
import type { OptionRule, OptionRules } from '../errors/option-rules.js';
import { loggerRule } from '../ports/logger.js';
import type { Logger } from '../ports/logger.js';
import { PostgresConnection, serverInWords } from './postgres-connection.js';
import type { PostgresPlace } from './postgres-connection.js';
import type { PostgresPool } from './postgres-pool.js';
import type { SqlDatabase } from './sql-connection.js';
import { postgresDialect } from './sql-dialect.js';

/** Where a database is in PostgreSQL: give one of `connectionString` and `pool`. */
export interface PostgresOptions {
  /** The address of the database: the store or sink has a pool of connections of its own, and ends it when it is closed. */
  readonly connectionString?: string | undefined;
  /** A pool that the application has already; it stays open when the store or sink is closed. */
  readonly pool?: PostgresPool | undefined;
  /**
   * Told of what no caller hears of: damaged rows that are left out, dead letters that are dropped. Default: a warning of
   * the process, or for a sink that a run calls, the logger of the run.
   */
  readonly logger?: Logger | undefined;
}

/** The port of a server whose address names none. */
const POSTGRES_PORT = 5432;

/** An address of PostgreSQL, or the path of a socket: the package `pg` takes any other text for a name on a host `base`. */
const address: OptionRule = (value) =>
  typeof value === 'string' && /^(postgres(ql)?:\/\/|socket:|\/)/i.test(value)
    ? undefined
    : "an address such as 'postgres://user:password@host:5432/database'";

/** How long a connection may take: else a server that does not answer would hold up every call. */
const CONNECT_MS = 10_000;

/**
 * Makes the connection to a database, which its first call opens.
 *
 * @param name the function that was called, for errors.
 * @param rules the options that are not those of the connection.
 * @throws {@link PipelineError} `OPTION_INVALID`.
 */
export function openPostgres(name: string, options: PostgresOptions, rules: OptionRules = {}): SqlDatabase {
  checkOptions(name, options, {
    connectionString: rule.text,
    pool: rule.having('connect', 'on', 'off'),
    logger: loggerRule,
    ...rules,
  });
  const given = ['connectionString', 'pool'].filter((option) => readProperty(options, option) !== undefined);
  if (given.length !== 1)
    throw invalidOption(name, "one of 'connectionString' and 'pool' must be given, not both");
  const { connectionString, pool } = options;
  checkOptions(name, { connectionString }, { connectionString: address });
  const dialect = postgresDialect();
  const open = (used: PostgresPool, where: PostgresPlace, end?: () => Promise<void>): SqlDatabase => ({
    dialect,
    connection: new PostgresConnection(dialect, used, where, end),
    place: serverInWords(where),
  });
  if (pool !== undefined) return open(pool, placeOfPool(pool));
  const own = new pg.Pool({ connectionString, connectionTimeoutMillis: CONNECT_MS });
  const place = { server: serverOf(connectionString), option: 'connectionString' } as const;
  return open(own, place, () => own.end());
}

/** The host and port of an address; undefined where it has none, as that of a socket. */
function serverOf(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const { hostname, port, searchParams } = new URL(address);
  const host = searchParams.get('host') ?? hostname;
  return host === '' ? undefined : `${host}:${searchParams.get('port') ?? (port || String(POSTGRES_PORT))}`;
}

/** What a pool tells of its server: a `Pool` of the package `pg` has its options. */
function placeOfPool(pool: PostgresPool): PostgresPlace {
  const given = readProperty(pool, 'options');
  const [address, host, port] = ['connectionString', 'host', 'port'].map((name) => readProperty(given, name));
  if (typeof address === 'string') return { server: serverOf(address), option: 'pool' };
  if (typeof host !== 'string') return { option: 'pool' };
  return { server: `${host}:${typeof port === 'number' ? port : POSTGRES_PORT}`, option: 'pool' };
}
