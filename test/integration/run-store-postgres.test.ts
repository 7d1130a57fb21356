import { setTimeout as pause } from 'node:timers/promises';
import { PipelineError } from 'heirline';
import { postgresRunStore } from 'heirline/postgres';
import { runStoreConformance } from 'heirline/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endPool, PostgresServer } from './support/postgres-server.js';
import { describeSqlStore, newRun } from './support/sql-store-cases.js';
import { describeManager } from './support/manager-cases.js';
import { describeManagerFaults } from './support/manager-fault-cases.js';
import { describeManaged } from './support/managed-store-cases.js';
import { describeProcesses, type SharedStore } from './support/store-processes.js';

const lease = { token: 'mine', ownerId: 'me', ms: 60_000 };
let server: PostgresServer;

beforeAll(async () => {
  server = await PostgresServer.start();
}, 60_000);

afterAll(async () => {
  await server.stop();
}, 60_000);

describe('the PostgreSQL store is a store of runs', () => {
  let connectionString: string;
  beforeAll(async () => {
    connectionString = await server.emptySchema();
  });
  it.each(runStoreConformance(() => postgresRunStore({ connectionString })))('$name', ({ run }) => run());
});

describe('a store in PostgreSQL', () => {
  describeSqlStore(async () => {
    const connectionString = await server.emptySchema();
    return {
      open: (logger) => postgresRunStore({ connectionString, logger }),
      query: (text) => server.query(connectionString, text),
    };
  });

  it('refuses options that are wrong', () => {
    expect(() => postgresRunStore({})).toThrow(/one of 'connectionString' and 'pool'/);
    expect(() => postgresRunStore({ connectionString: 'a', pool: new pg.Pool() })).toThrow(/not both/);
    expect(() => postgresRunStore({ pool: {} as never })).toThrow(/'connect', 'on', 'off'/);
    expect(() => postgresRunStore(undefined as never)).toThrow(PipelineError);
  });

  it('refuses what is no address of PostgreSQL, and never repeats it', () => {
    for (const connectionString of ['mysql://user:hidden@host/name', 'not a url', 'host=a password=hidden']) {
      const open = () => postgresRunStore({ connectionString });
      expect(open).toThrow(/'connectionString' .*postgres:\/\/user/);
      expect(open).not.toThrow(/hidden/);
    }
  });

  it('says which server does not answer, and which option names it, without the password', async () => {
    const connectionString = 'postgres://user:hidden@127.0.0.1:1/name';
    const pool = new pg.Pool({ host: '127.0.0.1', port: 1, password: 'hidden' });
    for (const options of [{ connectionString }, { pool }]) {
      const store = postgresRunStore(options);
      const error: unknown = await store.get('first').catch((failure: unknown) => failure);
      const [option] = Object.keys(options);
      expect(String(error)).toMatch(new RegExp(`PostgreSQL at '127.0.0.1:1' failed.*'${option}' names`, 's'));
      expect(String(error)).not.toContain('hidden');
      await store.close();
    }
  });

  it('tells a refused database from a server that is away', async () => {
    const url = new URL(await server.emptySchema());
    url.pathname = '/no-such-database';
    const store = postgresRunStore({ connectionString: url.href });
    await expect(store.get('first')).rejects.toThrow(/the database of 'connectionString'/);
    await store.close();
  });

  it('leaves a pool of the application open, and takes its listener away', async () => {
    const pool = new pg.Pool({ connectionString: await server.emptySchema() });
    const store = postgresRunStore({ pool });
    await store.insert(newRun('first'), { lease });
    expect(pool.listenerCount('error')).toBe(1);
    await store.close();
    expect(pool.listenerCount('error')).toBe(0);
    expect((await pool.query('select run_id from heirline_runs')).rows).toEqual([{ run_id: 'first' }]);
    await endPool(pool);
  });

  it('writes no events for an owner that is losing its run at the same moment', async () => {
    const connectionString = await server.emptySchema();
    const store = postgresRunStore({ connectionString });
    await store.insert(newRun('first'), { lease });
    const other = new pg.Client({ connectionString });
    await other.connect();
    await other.query('begin');
    await other.query(`update heirline_runs set token = 'theirs'`);
    const appending = store.appendEvents('first', [{ seq: 1, at: 1, type: 'runStarted' }], { lease });
    const lost = expect(appending).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await pause(50);
    await other.query('commit');
    await other.end();
    await lost;
    await store.close();
  });

  it('claims no run that another one is claiming, and does not wait for it', async () => {
    const connectionString = await server.emptySchema();
    const store = postgresRunStore({ connectionString });
    await store.insert(newRun('first'), { lease: { ...lease, ms: 1 } });
    await pause(20);
    const other = new pg.Client({ connectionString });
    await other.connect();
    await other.query('begin');
    await other.query(`update heirline_runs set token = 'theirs'`);
    const options = { lease: { ...lease, token: 'next' }, graceMs: 0, limit: 9, definitions: [] };
    expect(await store.claimExpired(options)).toEqual([]);
    await other.query('rollback');
    await other.end();
    expect(await store.claimExpired(options)).toHaveLength(1);
    await store.close();
  });

  it('outlives connections that the server ends, and says that a repeat is worth it', async () => {
    const connectionString = await server.emptySchema();
    const store = postgresRunStore({ connectionString });
    await Promise.all(['a', 'b', 'c'].map((runId) => store.insert(newRun(runId), { lease })));
    await server.query(
      connectionString,
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname is not null',
    );
    const answers = await Promise.allSettled(['a', 'b', 'c'].map((runId) => store.get(runId)));
    for (const answer of answers)
      if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ transient: true });
    expect(await store.get('a')).toMatchObject({ runId: 'a' });
    await store.close();
  });

  it('says that a repeat is worth it where there is no server, and that it is not without a password', async () => {
    const nowhere = postgresRunStore({ connectionString: 'postgres://postgres@127.0.0.1:1/postgres' });
    await expect(nowhere.get('a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', transient: true });
    await nowhere.close();
    const url = new URL(await server.emptySchema());
    url.password = 'wrong';
    const stranger = postgresRunStore({ connectionString: url.href });
    await expect(stranger.get('a')).rejects.not.toHaveProperty('transient');
    await stranger.close();
  });
});

/** An empty database. */
async function newDatabase(): Promise<SharedStore> {
  const connectionString = await server.emptySchema();
  return { store: { connectionString }, open: () => postgresRunStore({ connectionString }) };
}

describe('one PostgreSQL database', () => {
  describeProcesses(newDatabase);
  describeManaged(newDatabase);
  describeManager(async () => (await newDatabase()).open);
  describeManagerFaults(async () => (await newDatabase()).open);
});
