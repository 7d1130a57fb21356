import { currentContext, runPipeline } from 'heirline';
import { postgresDeadLetterSink, postgresRunStore } from 'heirline/postgres';
import { deadLetterSinkConformance } from 'heirline/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { definePipeline, throwAnything } from './support/harness.js';
import { itemsOf } from './support/letters-of.js';
import { PostgresServer } from './support/postgres-server.js';
import { describeReplayProcesses } from './support/replay-processes.js';
import { sampleLetter } from './support/sample-letter.js';
import { describeSqlLetters } from './support/sql-letter-cases.js';
import { keptLogger } from './support/sql-store-cases.js';

let server: PostgresServer;

beforeAll(async () => {
  server = await PostgresServer.start();
}, 60_000);

afterAll(async () => {
  await server.stop();
}, 60_000);

describe('a PostgreSQL database is a sink of dead letters', () => {
  const cases = deadLetterSinkConformance({
    create: async () => postgresDeadLetterSink({ connectionString: await server.emptySchema() }),
  });
  it.each(cases)('$name', ({ run }) => run());
});

describe('a sink in PostgreSQL', () => {
  describeSqlLetters(async () => {
    const connectionString = await server.emptySchema();
    return {
      open: (options) => postgresDeadLetterSink({ connectionString, ...options }),
      openRuns: () => postgresRunStore({ connectionString }),
      query: (text) => server.query(connectionString, text),
    };
  });

  describeReplayProcesses(async () => {
    const connectionString = await server.emptySchema();
    return { sink: { connectionString }, open: () => postgresDeadLetterSink({ connectionString }) };
  });

  it('refuses options that are wrong', () => {
    expect(() => postgresDeadLetterSink({})).toThrow(/postgresDeadLetterSink.*one of 'connectionString'/);
    expect(() => postgresDeadLetterSink({ connectionString: 'mysql://a' })).toThrow(/'connectionString'/);
    expect(() => postgresDeadLetterSink({ path: 'a' } as never)).toThrow(/no option 'path'/);
  });

  it('leaves a pool of the application open', async () => {
    const pool = new pg.Pool({ connectionString: await server.emptySchema() });
    const sink = postgresDeadLetterSink({ pool });
    await sink.write(sampleLetter(1, 1));
    await sink.close();
    expect((await pool.query('select path from heirline_dead_letters')).rows).toEqual([
      { path: 'orders/check' },
    ]);
    await pool.end();
  });

  it('drops no letter that another one is working on, and does not wait for it', async () => {
    const connectionString = await server.emptySchema();
    const sink = postgresDeadLetterSink({ connectionString, retain: { count: 1 }, logger: keptLogger() });
    await sink.write(sampleLetter(1, 1));
    const other = new pg.Client({ connectionString });
    await other.connect();
    await other.query('begin');
    await other.query('update heirline_dead_letters set claimed_at = 1');
    await sink.write(sampleLetter(2, 2));
    expect(await itemsOf(sink)).toEqual([1, 2]);
    await other.query('commit');
    await other.end();
    expect(await itemsOf(sink)).toEqual([2]);
    await sink.close();
  });

  it('connects outside of the run that writes, so that the pool does not keep it', async () => {
    const pool = new pg.Pool({ connectionString: await server.emptySchema() });
    const contexts: unknown[] = [];
    pool.on('connect', () => contexts.push(currentContext()));
    const sink = postgresDeadLetterSink({ pool });
    const Orders = definePipeline('orders', (builder) => {
      builder.addSink(() => throwAnything(new Error('no')), {
        name: 'save',
        from: builder.addSource([1, 2]),
        errorPolicy: 'deadLetter',
      });
    });
    await runPipeline(Orders, { deadLetterSink: sink });
    expect(await itemsOf(sink)).toEqual([1, 2]);
    expect(new Set(contexts)).toEqual(new Set([undefined]));
    await sink.close();
    await pool.end();
  });
});
