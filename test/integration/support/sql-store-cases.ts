import { setTimeout as pause } from 'node:timers/promises';
import type { Lease, Logger, RunRecord, RunStore } from 'heirline';
import { describe, expect, it } from 'vitest';

/** A database that stores are made over, and a way past them. */
export interface SqlDatabase {
  readonly open: (logger?: Logger) => RunStore;
  /** Executes one statement and gives its rows. */
  readonly query: (text: string) => Promise<readonly Record<string, unknown>[]>;
}

const lease: Lease = { token: 'mine', ownerId: 'me', ms: 60_000 };

/** The record of a new run. */
export function newRun(runId: string, fields: Partial<RunRecord> = {}): RunRecord {
  return {
    runId,
    pipelineName: 'Sample',
    status: 'running',
    strategy: 'reject',
    onDisconnect: 'continue',
    metadata: {},
    ownerId: '',
    createdAt: 1,
    cost: [],
    counts: {},
    ...fields,
  };
}

/** A logger that keeps the messages of what it is told. */
export function keptLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (fields: object, message: string): void => {
    lines.push(`${message}: ${JSON.stringify(fields)}`);
  };
  return { lines, trace: keep, debug: keep, info: keep, warn: keep, error: keep };
}

/** What must be true of stores in SQL databases, beyond what is true of every store. */
export function describeSqlStore(create: () => SqlDatabase | Promise<SqlDatabase>): void {
  describe('the schema', () => {
    it('is made by the first call, once, whoever calls', async () => {
      const database = await create();
      const stores = Array.from({ length: 5 }, () => database.open());
      await Promise.all(stores.map((store, index) => store.insert(newRun(String(index)), { lease })));
      expect(await stores[0]?.list({ limit: 10 })).toHaveLength(5);
      expect(await database.query('select version from heirline_schema')).toEqual([{ version: 2 }]);
      for (const store of stores) await store.close();
    });

    it('is refused and left alone when it is newer', async () => {
      const database = await databaseWithRun(create);
      await database.query('update heirline_schema set version = 1000');
      const store = database.open();
      await expect(store.get('first')).rejects.toMatchObject({
        code: 'STORE_SCHEMA_UNSUPPORTED',
        message: expect.stringContaining('schema 1000') as string,
      });
      await expect(store.insert(newRun('second'), { lease })).rejects.toMatchObject({
        code: 'STORE_SCHEMA_UNSUPPORTED',
      });
      await store.close();
      expect(await database.query('select version from heirline_schema')).toEqual([{ version: 1000 }]);
      expect(await database.query('select run_id from heirline_runs')).toEqual([{ run_id: 'first' }]);
    });

    it.each([
      ['a table is missing', 'drop table heirline_sessions', 'heirline_sessions'],
      ['a column is missing', 'alter table heirline_runs drop column cost', 'heirline_runs.cost'],
      [
        'the index is missing that keeps two runs apart',
        'drop index heirline_runs_active_thread',
        'active_thread',
      ],
      ['the version is missing', 'delete from heirline_schema', 'heirline_schema.version'],
      ['there is no version at all', 'drop table heirline_schema', 'heirline_schema'],
    ])('is refused when %s', async (_, damage, part) => {
      const database = await databaseWithRun(create);
      await database.query(damage);
      const store = database.open();
      await expect(store.get('first')).rejects.toMatchObject({
        code: 'STORE_SCHEMA_UNSUPPORTED',
        message: expect.stringContaining(part) as string,
      });
      await store.close();
      expect(await database.query('select run_id from heirline_runs')).toEqual([{ run_id: 'first' }]);
    });

    it('leaves other tables of the database alone', async () => {
      const database = await create();
      await database.query('create table runs (id text)');
      const store = database.open();
      await store.insert(newRun('first'), { lease });
      await store.close();
      expect(await database.query('select * from runs')).toEqual([]);
    });
  });

  describe('a damaged row', () => {
    it.each([
      ['metadata', "'no json'"],
      ['metadata', "'[1]'"],
      ['status', "'asleep'"],
      ['strategy', "'hope'"],
      ['cost', "'[{}]'"],
      ['counts', `'{"a":{"in":"1"}}'`],
      ['error', `'{"name":"E"}'`],
      ['cancel_action', "'explode'"],
      ['pipeline_name', `'"'`],
    ])('in %s is told by get, left out of lists and logged', async (column, value) => {
      const database = await databaseWithRun(create);
      const logger = keptLogger();
      const store = database.open(logger);
      await store.insert(newRun('second'), { lease });
      await database.query(`update heirline_runs set ${column} = ${value} where run_id = 'first'`);
      await expect(store.get('first')).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining("'first'") as string,
      });
      expect((await store.list({ limit: 10 })).map(({ runId }) => runId)).toEqual(['second']);
      expect(logger.lines).toEqual([expect.stringContaining(`'${column}' cannot be read`)]);
      await store.close();
    });

    it('of a log, a session or an input is told too', async () => {
      const database = await databaseWithRun(create);
      const logger = keptLogger();
      const store = database.open(logger);
      const input = { a: 1 };
      await store.insert(newRun('second', { threadId: 'thread' }), { lease, input });
      await store.appendEvents(
        'second',
        [1, 2].map((seq) => ({ seq, at: 1, type: 'runStarted' })),
        { lease },
      );
      const thread = { threadId: 'thread' };
      await store.saveSession(thread, { version: 0, entries: {} }, { runId: 'second', lease });
      await database.query(`update heirline_run_events set event = '{}' where place % 4294967296 = 1`);
      await database.query(`update heirline_sessions set entries = '1'`);
      await database.query(`update heirline_runs set input = '"text"' where run_id = 'second'`);
      expect(await store.readEvents('second', { after: 0, limit: 9 })).toMatchObject([{ seq: 2 }]);
      expect(logger.lines).toHaveLength(1);
      const unavailable = { code: 'STORE_UNAVAILABLE' };
      await expect(store.loadSession(thread)).rejects.toMatchObject(unavailable);
      await expect(store.loadInput('second')).rejects.toMatchObject(unavailable);
      await store.close();
    });
  });

  describe('two stores over one database', () => {
    it('a cancel that another one has requested beats a success', async () => {
      const { open } = await create();
      const [mine, other] = [open(), open()];
      await mine.insert(newRun('first'), { lease });
      await other.requestCancel('first', { action: 'interrupt', reason: 'user' });
      const success = { status: 'success', endedAt: 2 } as const;
      expect(await mine.update('first', { status: ['running'], lease }, success)).toBeUndefined();
      const ended = await mine.update('first', { status: ['running'], lease }, { status: 'interrupted' });
      expect(ended).toMatchObject({ status: 'interrupted', cancelRequested: { reason: 'user' } });
      await Promise.all([mine.close(), other.close()]);
    });

    it('a run that another one has claimed is not changed any more', async () => {
      const { open } = await create();
      const [mine, other] = [open(), open()];
      const short = { ...lease, ms: 1 };
      await mine.insert(newRun('first'), { lease: short });
      await pause(20);
      const theirs = { ...lease, token: 'theirs' };
      const options = { lease: theirs, graceMs: 0, limit: 9, definitions: [] };
      expect(await other.claimExpired(options)).toHaveLength(1);
      const changes = { status: 'success' } as const;
      expect(await mine.update('first', { status: ['running'], lease: short }, changes)).toBeUndefined();
      expect(await mine.update('first', { status: ['running'] }, { startedAt: 5 })).toMatchObject({
        startedAt: 5,
      });
      expect(await other.update('first', { status: ['running'], lease: theirs }, changes)).toMatchObject(
        changes,
      );
      await Promise.all([mine.close(), other.close()]);
    });

    it('a run that another one has begun can be ended', async () => {
      const { open } = await create();
      const [mine, other] = [open(), open()];
      const threadId = 'thread';
      await mine.insert(newRun('first', { threadId }), { lease });
      await mine.insert(newRun('second', { threadId, strategy: 'enqueue' }), { lease });
      await other.update('first', { status: ['running'] }, { status: 'success' });
      await other.update('second', { status: ['pending'] }, { status: 'running' });
      const success = { status: 'success' } as const;
      expect(await mine.update('second', { status: ['running'], lease }, success)).toMatchObject(success);
      await Promise.all([mine.close(), other.close()]);
    });

    it('a run that was removed and came again is another one', async () => {
      const { open } = await create();
      const [mine, other] = [open(), open()];
      await mine.insert(newRun('first'), { lease });
      await other.update('first', { status: ['running'] }, { status: 'success', endedAt: 1 });
      await other.prune({ keep: 0 });
      const theirs = { ...lease, token: 'theirs' };
      await other.insert(newRun('first'), { lease: theirs });
      expect(await mine.update('first', { status: ['running'], lease }, { startedAt: 5 })).toBeUndefined();
      expect(await other.get('first')).not.toHaveProperty('startedAt');
      await Promise.all([mine.close(), other.close()]);
    });
  });

  it('a log that grows by one event at a time is kept short too', async () => {
    const { open } = await create();
    const store = open();
    await store.insert(newRun('first'), { lease });
    const append = (seq: number) =>
      store.appendEvents('first', [{ seq, at: 1, type: 'runStarted' }], { lease });
    for (const seq of [1, 999, 1000, 1001, 10_999, 11_000]) await append(seq);
    const events = await store.readEvents('first', { after: 0, limit: 10 });
    expect(events.map(({ seq }) => seq)).toEqual([1001, 10_999, 11_000]);
    await store.close();
  });

  it('a prune of many runs removes them and their logs all', async () => {
    const { open, query } = await create();
    const store = open();
    for (let index = 0; index < 1100; index += 1) {
      await store.insert(newRun(String(index)), { lease });
      if (index === 0) await store.appendEvents('0', [{ seq: 1, at: 1, type: 'runStarted' }], { lease });
    }
    await query(`update heirline_runs set status = 'success', ended_at = 5, lease_expires_at = null`);
    expect(await store.prune({ keep: 10 })).toBe(1090);
    expect(await store.list({ limit: 100 })).toHaveLength(10);
    expect(await query('select place from heirline_run_events')).toEqual([]);
    await store.close();
  });

  it('once it is closed, every call is refused', async () => {
    const { open } = await create();
    const store = open();
    await store.get('first');
    await store.close();
    await expect(store.get('first')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(store.insert(newRun('first'), { lease })).rejects.not.toHaveProperty('transient');
    await store.close();
  });
}

/** A database in which one run is stored, and that no store has open. */
async function databaseWithRun(create: () => SqlDatabase | Promise<SqlDatabase>): Promise<SqlDatabase> {
  const database = await create();
  const store = database.open();
  await store.insert(newRun('first'), { lease });
  await store.close();
  return database;
}
