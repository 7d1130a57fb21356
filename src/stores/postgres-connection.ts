import { runOutside } from '../context/ambient-context.js';
import { isInstanceOf, readProperty } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { storeClosed, storeUnavailable, storeUnavailableNow } from '../errors/store-errors.js';
import { printed } from '../ports/error-record.js';
import { isOutdated, migrate, schemaVersion } from './open-schema.js';
import type { PostgresClient, PostgresPool } from './postgres-pool.js';
import type { SqlConnection } from './sql-connection.js';
import type { SqlDialect } from './sql-dialect.js';
import type { SqlRow, Steps } from './statement.js';

/** Which server a store talks to, in words for an error; never with a password. */
export interface PostgresPlace {
  /** The host and port, such as `database.internal:5432`; absent where they are not known. */
  readonly server?: string | undefined;
  /** The option that says so. */
  readonly option: 'connectionString' | 'pool';
}

/** The server of a place, in words for a message. */
export function serverInWords({ server }: PostgresPlace): string {
  return `PostgreSQL${server === undefined ? '' : ` at '${server}'`}`;
}

/** The number of a lock that only migrations take. */
const MIGRATION_LOCK = '7236837466261';

/** The connections to a PostgreSQL database; the schema is looked at before anything else is asked. */
export class PostgresConnection implements SqlConnection {
  readonly #dialect: SqlDialect;
  readonly #pool: PostgresPool;
  readonly #end: (() => Promise<void>) | undefined;
  readonly #place: PostgresPlace;
  #ready: Promise<void> | undefined;
  #isClosed = false;

  /** @param end ends the pool where it belongs to the store. */
  constructor(dialect: SqlDialect, pool: PostgresPool, place: PostgresPlace, end?: () => Promise<void>) {
    this.#dialect = dialect;
    this.#pool = pool;
    this.#place = place;
    this.#end = end;
    pool.on('error', ignore);
  }

  read<T>(steps: () => Steps<T>): Promise<T> {
    return this.write(steps);
  }

  async write<T>(steps: () => Steps<T>): Promise<T> {
    await this.#opened();
    return this.#withClient((client) => go(client, steps()));
  }

  async transact<T>(steps: () => Steps<T>, lock?: string): Promise<T> {
    await this.#opened();
    return this.#withClient((client) => transaction(client, steps, lock));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // A pool of the store's own is over before its connections are, and they can still break.
    if (this.#end === undefined) this.#pool.off('error', ignore);
    else await this.#end();
  }

  /** Once per store; after a failure the next call looks again. */
  #opened(): Promise<void> {
    if (this.#isClosed) return Promise.reject(storeClosed());
    this.#ready ??= this.#withClient(async (client) => {
      const version = await go(client, schemaVersion(this.#dialect));
      if (isOutdated(version)) await transaction(client, () => migrate(this.#dialect), MIGRATION_LOCK);
    }).catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  async #withClient<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    let client: PostgresClient;
    try {
      // A connection that is made in a run must not keep that run.
      client = await runOutside(() => this.#pool.connect());
    } catch (error) {
      throw failure(this.#place, error);
    }
    client.on('error', ignore);
    let isUsable = true;
    try {
      return await work(client);
    } catch (error) {
      isUsable = isInstanceOf(error, PipelineError);
      throw isUsable ? error : failure(this.#place, error);
    } finally {
      client.off('error', ignore);
      client.release(!isUsable);
    }
  }
}

/** A connection that breaks fails the next statement, which tells of it. */
function ignore(): void {
  // Only so that the event has a listener.
}

/** Stands for rows that a statement has written, whose columns nobody asks for. */
const written: readonly SqlRow[] = [{}];

/** Goes through steps, each by itself. */
async function go<T>(client: PostgresClient, steps: Steps<T>): Promise<T> {
  let step = steps.next();
  while (step.done !== true) {
    const { statement, values } = step.value;
    const { name, text } = statement;
    const { rows, rowCount } = await client.query({ name, text, values: [...values] });
    const isWritten = statement.gives === 'written' && (rowCount ?? 0) > 0;
    step = steps.next(isWritten ? written : (rows as readonly SqlRow[]));
  }
  return step.value;
}

async function transaction<T>(client: PostgresClient, steps: () => Steps<T>, lock?: string): Promise<T> {
  // Both on one way to the server and back. The lock is let go at the end of the transaction.
  const locking = lock === undefined ? '' : `; select pg_advisory_xact_lock(${lock})`;
  await client.query({ text: `begin${locking}` });
  try {
    const answer = await go(client, steps());
    await client.query({ text: 'commit' });
    return answer;
  } catch (error) {
    // Any other failure ends the connection, and the transaction with it.
    if (isInstanceOf(error, PipelineError)) await client.query({ text: 'rollback' });
    throw error;
  }
}

/** Failures that pass by themselves: the server starts, ends, or is full; a deadlock; a connection that broke. */
const passing = /^(08|40001|40P01|53300|57P0[123]|E(CONN|PIPE|TIMEDOUT|HOST|NET|AI_AGAIN))/;

function isPassing(error: unknown): boolean {
  const code = readProperty(error, 'code');
  if (typeof code === 'string') return passing.test(code);
  return /connection terminated|connection error|timeout exceeded|connection timeout/i.test(printed(error));
}

/** The error of the library for one of PostgreSQL. */
function failure(place: PostgresPlace, cause: unknown): PipelineError {
  const details = {
    problem: `${serverInWords(place)} failed: ${printed(cause)}.`,
    remedy: remedyFor(place, readProperty(cause, 'code')),
    cause,
  };
  return isPassing(cause) ? storeUnavailableNow(details) : storeUnavailable(details);
}

/** What can be done about a failure: the codes of the server have five characters and a digit, others come from the way to it. */
function remedyFor({ option }: PostgresPlace, code: unknown): string {
  const isFromServer = typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code);
  if (!isFromServer) return `Look whether a server listens there: '${option}' names its host and port.`;
  if (/^(28|3D|42501)/.test(code))
    return `Look at the user, the password and the database of '${option}', and at the user's rights.`;
  return 'Look at the cause, and at the log of the server.';
}
