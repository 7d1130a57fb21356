import pg from 'pg';
import { readProperty } from '../data/foreign-value.js';
import { checkOptions, invalidOption, rule } from '../errors/option-rules.js';
import type { OptionRule } from '../errors/option-rules.js';
import { loggerRule, silentLogger } from '../ports/logger.js';
import type { Logger } from '../ports/logger.js';
import type { RunStore } from '../runs/run-store.js';
import { PostgresConnection } from './postgres-connection.js';
import type { PostgresPlace } from './postgres-connection.js';
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
    logger: loggerRule,
  });
  const given = ['connectionString', 'pool'].filter((name) => readProperty(options, name) !== undefined);
  if (given.length !== 1)
    throw invalidOption('postgresRunStore', "one of 'connectionString' and 'pool' must be given, not both");
  checkOptions(
    'postgresRunStore',
    { connectionString: options.connectionString },
    { connectionString: address },
  );
  const { connectionString, pool, logger = silentLogger } = options;
  const dialect = postgresDialect();
  if (pool !== undefined)
    return new SqlRunStore(dialect, new PostgresConnection(dialect, pool, placeOfPool(pool)), logger);
  const own = new pg.Pool({ connectionString, connectionTimeoutMillis: CONNECT_MS });
  const place = { server: serverOf(connectionString), option: 'connectionString' } as const;
  return new SqlRunStore(dialect, new PostgresConnection(dialect, own, place, () => own.end()), logger);
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
