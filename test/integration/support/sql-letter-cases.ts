import { setTimeout as pause } from 'node:timers/promises';
import {
  mapSecrets,
  PipelineRunner,
  replayDeadLetters,
  runPipeline,
  type DeadLetterRetention,
  type Logger,
  type RunStore,
  type StoredDeadLetterSink,
} from 'heirline';
import { ManualClock } from 'heirline/testing';
import { describe, expect, it, vi } from 'vitest';
import { definePipeline, throwAnything } from './harness.js';
import { itemsOf, lettersOf } from './letters-of.js';
import { sampleLetter } from './sample-letter.js';
import { keptLogger, newRun } from './sql-store-cases.js';

/** What a sink is made with, beside its database. */
interface SinkOptions {
  readonly retain?: DeadLetterRetention | undefined;
  readonly logger?: Logger;
}

/** A database that sinks and stores are made over, and a way past them. */
export interface LetterDatabase {
  readonly open: (options?: SinkOptions) => StoredDeadLetterSink;
  readonly openRuns: () => RunStore;
  /** Executes one statement and gives its rows. */
  readonly query: (text: string) => Promise<readonly Record<string, unknown>[]>;
}

const lease = { token: 'mine', ownerId: 'me', ms: 60_000 };

/** Writes letters with the numbers from one to another one, one after the other. */
async function writeAll(sink: StoredDeadLetterSink, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number += 1) await sink.write(sampleLetter(number, number));
}

/** What must be true of sinks in SQL databases, beyond what is true of every sink. */
export function describeSqlLetters(create: () => LetterDatabase | Promise<LetterDatabase>): void {
  describe('the tables', () => {
    it('are made by the first call, once, whoever calls', async () => {
      const { open, query } = await create();
      const sinks = Array.from({ length: 5 }, () => open());
      await Promise.all(sinks.map((sink, number) => sink.write(sampleLetter(number, number))));
      expect(await query('select version from heirline_schema')).toEqual([{ version: 2 }]);
      for (const sink of sinks) {
        expect(await itemsOf(sink)).toHaveLength(5);
        await sink.close();
      }
    });

    it('are added to those that a store of runs has made with an elder version', async () => {
      const { open, openRuns, query } = await create();
      const runs = openRuns();
      await runs.insert(newRun('first'), { lease });
      await runs.close();
      await query('drop table heirline_dead_letters');
      await query('update heirline_schema set version = 1');

      const sink = open();
      await sink.write(sampleLetter(1, 'kept'));

      expect(await itemsOf(sink)).toEqual(['kept']);
      const later = openRuns();
      expect(await later.get('first')).toMatchObject({ runId: 'first' });
      expect(await query('select version from heirline_schema')).toEqual([{ version: 2 }]);
      await Promise.all([sink.close(), later.close()]);
    });

    it.each([
      ['are newer', 'update heirline_schema set version = 1000', 'schema 1000'],
      ['lack a column', 'alter table heirline_dead_letters drop column marks', 'heirline_dead_letters.marks'],
      ['are gone', 'drop table heirline_dead_letters', 'heirline_dead_letters'],
    ])('that %s are refused, and nothing is changed', async (_, damage, part) => {
      const { open, query } = await create();
      const first = open();
      await first.write(sampleLetter(1, 1));
      await first.close();
      await query(damage);
      const before = await query('select version from heirline_schema');
      const sink = open();
      const refusal = {
        code: 'STORE_SCHEMA_UNSUPPORTED',
        message: expect.stringContaining(part) as string,
      };
      await expect(sink.write(sampleLetter(2, 2))).rejects.toMatchObject(refusal);
      await expect(itemsOf(sink)).rejects.toMatchObject(refusal);
      await sink.close();
      expect(await query('select version from heirline_schema')).toEqual(before);
    });

    it('can be read by people: path, run and letter stand there as text', async () => {
      const { open, query } = await create();
      const sink = open();
      await sink.write(sampleLetter(1, { total: 5n }));
      const [row] = await query('select path, run_id, letter from heirline_dead_letters');
      expect(row).toMatchObject({ path: 'orders/check', run_id: 'r1' });
      expect(JSON.parse(String(row?.['letter']))).toMatchObject({ item: { total: { value: '5' } } });
      await sink.close();
    });
  });

  describe('a damaged row', () => {
    it.each([
      ['letter', "'no json'"],
      ['letter', "'[1]'"],
      ['letter', `'{"version":1,"id":"1"}'`],
      ['letter', `replace(letter, '"attempts":1', '"attempts":"1"')`],
      ['letter', `replace(letter, '"message":"it failed"', '"message":7')`],
      ['marks', "'no json'"],
      ['marks', `'{"mark":"1","outcome":"hope","attempts":1,"runId":"r","at":1}'`],
    ])('in %s is left out and told, once a reading (%s)', async (column, value) => {
      const { open, query } = await create();
      const logger = keptLogger();
      const sink = open({ logger });
      await writeAll(sink, 1, 3);
      await query(`update heirline_dead_letters set ${column} = ${value} where position <= 2`);
      expect(await itemsOf(sink)).toEqual([3]);
      expect(logger.lines).toEqual([
        expect.stringMatching(
          `2 letters were left out as damaged.*the dead letter at position 1.*'${column}'`,
        ),
      ]);
      expect(await sink.mark('1', { outcome: 'succeeded', attempts: 1, runId: 'r', at: 1 })).toBe(true);
      await sink.close();
    });
  });

  describe('retain', () => {
    it('keeps so many letters, drops the eldest, and tells how many', async () => {
      const { open } = await create();
      const logger = keptLogger();
      const sink = open({ retain: { count: 3 }, logger });
      await writeAll(sink, 1, 3);
      expect(logger.lines).toEqual([]);
      await writeAll(sink, 4, 5);
      expect(await itemsOf(sink)).toEqual([3, 4, 5]);
      expect(logger.lines).toEqual([
        expect.stringContaining("1 letter was dropped, the eldest, as 'retain' says"),
        expect.stringContaining('1 letter was dropped'),
      ]);
      await sink.close();
    });

    it('drops what others have written too, of any number, at the first call', async () => {
      const { open } = await create();
      const others = open();
      await Promise.all(
        Array.from({ length: 1200 }, (_, number) => others.write(sampleLetter(number, number))),
      );
      const logger = keptLogger();
      const sink = open({ retain: { count: 50 }, logger });
      expect(await itemsOf(sink)).toHaveLength(50);
      expect(logger.lines).toEqual([expect.stringContaining('1150 letters were dropped')]);
      await Promise.all([others.close(), sink.close()]);
    });

    it('has a hundredth more at most, and none when it is read', async () => {
      const { open, query } = await create();
      const sink = open({ retain: { count: 500 }, logger: keptLogger() });
      await writeAll(sink, 1, 508);
      const [row] = await query('select count(*) as letters from heirline_dead_letters');
      expect(Number(row?.['letters'])).toBeLessThanOrEqual(505);
      expect((await itemsOf(sink)).at(0)).toBe(9);
      await sink.close();
    });

    it('holds where many are written at once', async () => {
      const { open, query } = await create();
      const logger = keptLogger();
      const retain = { count: 10 };
      const [sink, other] = [open({ retain, logger }), open({ retain, logger })];
      await Promise.all(
        Array.from({ length: 200 }, (_, number) =>
          (number % 2 === 0 ? sink : other).write(sampleLetter(number, number)),
        ),
      );
      const [row] = await query('select count(*) as letters from heirline_dead_letters');
      expect(Number(row?.['letters'])).toBe(10);
      const dropped = logger.lines.map((line) => Number(/(\d+) letters? w/.exec(line)?.[1]));
      expect(dropped.reduce((sum, count) => sum + count, 0)).toBe(190);
      await Promise.all([sink.close(), other.close()]);
    });

    it('drops letters that are too old, also where none comes any more', async () => {
      const { open, query } = await create();
      const logger = keptLogger();
      const sink = open({ retain: { ageMs: 60_000 }, logger });
      await writeAll(sink, 1, 3);
      await query('update heirline_dead_letters set written_at = written_at - 70000 where position <= 2');
      expect(await itemsOf(sink)).toEqual([3]);
      expect(logger.lines).toEqual([expect.stringContaining('2 letters were dropped')]);
      await sink.close();
    });

    it('looks for letters that are too old while others are written', async () => {
      const { open, query } = await create();
      const sink = open({ retain: { ageMs: 500 }, logger: keptLogger() });
      await sink.write(sampleLetter(1, 1));
      await pause(600);
      await sink.write(sampleLetter(2, 2));
      expect(await query('select run_id from heirline_dead_letters')).toHaveLength(1);
      await sink.close();
    });

    it('counts a letter that is replaced as a new one', async () => {
      const { open } = await create();
      const sink = open({ retain: { count: 2 }, logger: keptLogger() });
      await writeAll(sink, 1, 2);
      await sink.write(sampleLetter(1, 'again'));
      await writeAll(sink, 3, 3);
      expect(await itemsOf(sink)).toEqual(['again', 3]);
      await sink.close();
    });

    it('tells the logger of the run that writes, else it is a warning of the process', async () => {
      const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
      const { open } = await create();
      const logger = keptLogger();
      const sink = open({ retain: { count: 1 } });
      await runPipeline(failing([1, 2]), { deadLetterSink: sink, logger });
      expect(logger.lines).toEqual([expect.stringContaining('1 letter was dropped')]);
      expect(warned).not.toHaveBeenCalled();
      await sink.write(sampleLetter(1, 1));
      expect(warned.mock.calls.map(([text]) => String(text))).toEqual([
        expect.stringMatching(/^dead letters: 1 letter was dropped, the eldest, as 'retain' says \(.+\)$/),
      ]);
      warned.mockRestore();
      await sink.close();
    });

    it('refuses what keeps nothing, and options that it does not know', async () => {
      const { open } = await create();
      for (const retain of [{ count: 0 }, { count: 1.5 }, { ageMs: 0 }, { ageMs: -1 }, { days: 3 }, 7, null])
        expect(() => open({ retain: retain as DeadLetterRetention })).toThrow(/'retain' must be/);
    });
  });

  it('reads some letters at a time: what leaves before its turn is left out', async () => {
    const { open } = await create();
    const [sink, other] = [open(), open()];
    await Promise.all(Array.from({ length: 1000 }, (_, number) => sink.write(sampleLetter(number, number))));
    let read = 0;
    for await (const { id } of sink.read()) {
      read += 1;
      expect(id).not.toBe('gone');
      if (read > 1) continue;
      const last = (await lettersOf(other)).slice(500);
      for (const letter of last)
        await other.mark(letter.id, { outcome: 'succeeded', attempts: 1, runId: 'r', at: 1 });
    }
    expect(read).toBe(500);
    await Promise.all([sink.close(), other.close()]);
  });

  it('two sinks over one database see each other’s letters and claims', async () => {
    const { open } = await create();
    const [mine, other] = [open(), open()];
    await mine.write(sampleLetter(1, 1));
    const claim = { outcome: 'claimed', attempts: 1, at: 1000 } as const;
    expect(await mine.mark('1', { ...claim, runId: 'mine' })).toBe(true);
    expect(await other.mark('1', { ...claim, runId: 'theirs' })).toBe(false);
    await mine.mark('1', { outcome: 'failedAgain', attempts: 2, runId: 'mine', at: 2000 });
    expect((await lettersOf(other))[0]).toMatchObject({
      attempts: 2,
      replays: [{ runId: 'mine', at: 2000 }],
    });
    expect(await other.mark('1', { ...claim, runId: 'theirs' })).toBe(true);
    await Promise.all([mine.close(), other.close()]);
  });

  describe('a run', () => {
    it('writes no value of a secret', async () => {
      const { open, query } = await create();
      const sink = open();
      const Orders = definePipeline('orders', (builder) => {
        const ask = builder.addTransform(
          async (item: object, context): Promise<object> => {
            const key = (await context.run.secrets.get('KEY')).reveal();
            Object.assign(item, { key });
            throw new Error(`refused with ${key}`);
          },
          { name: 'ask', from: builder.addSource([{}], 'source'), errorPolicy: 'deadLetter' },
        );
        builder.addSink(() => undefined, { from: ask });
      });
      const run = { secrets: mapSecrets({ KEY: 'very-secret-value' }) };
      await runPipeline(Orders, { deadLetterSink: sink, run });
      const [row] = await query('select * from heirline_dead_letters');
      expect(JSON.stringify(row)).not.toContain('very-secret-value');
      expect(await itemsOf(sink)).toEqual([{ key: '[secret]' }]);
      await sink.close();
    });

    it('ends with SINK_REJECTED where the sink is closed', async () => {
      const { open } = await create();
      const sink = open();
      await sink.close();
      await expect(runPipeline(failing([1]), { deadLetterSink: sink })).rejects.toMatchObject({
        code: 'SINK_REJECTED',
        cause: { code: 'STORE_UNAVAILABLE' },
      });
    });
  });

  describe('a replay', () => {
    it('leaves what fails again as one letter with its replays, and nothing of what succeeds', async () => {
      const { open, query } = await create();
      const service = { isDown: true };
      const Orders = failing([1, 2, 3], service);
      const sink = open();
      await runPipeline(Orders, { deadLetterSink: sink });
      await sink.close();

      const later = open();
      expect(await replayDeadLetters(later, { definition: Orders, concurrency: 2 })).toEqual({
        replayed: 3,
        succeeded: 0,
        failedAgain: 3,
      });
      const letters = await lettersOf(later);
      expect(letters.map(({ attempts, replays }) => [attempts, replays.length])).toEqual([
        [2, 1],
        [2, 1],
        [2, 1],
      ]);
      await replayDeadLetters(later, { definition: Orders, limit: 1 });
      service.isDown = false;
      expect(await replayDeadLetters(later, { definition: Orders })).toMatchObject({ succeeded: 3 });
      expect(await replayDeadLetters(later, { definition: Orders })).toMatchObject({ replayed: 0 });
      expect(await query('select run_id from heirline_dead_letters')).toEqual([]);
      await later.close();
    });

    it('runs the letters of one path, of one run, and those that a function takes', async () => {
      const { open } = await create();
      const sink = open();
      const Orders = failing([], { isDown: false });
      for (const [number, runId] of ['monday', 'monday', 'tuesday', 'monday'].entries())
        await sink.write(sampleLetter(number, number, { runId }));
      await sink.write(sampleLetter(9, 9, { path: 'orders/save' }));

      await replayDeadLetters(sink, { definition: Orders, filter: { runId: 'tuesday' } });
      expect(await itemsOf(sink)).toEqual([0, 1, 3, 9]);
      await replayDeadLetters(sink, { definition: Orders, filter: { path: 'orders/check' }, limit: 1 });
      expect(await itemsOf(sink)).toEqual([1, 3, 9]);
      await replayDeadLetters(sink, { definition: Orders, filter: ({ item }) => item === 3 });
      expect(await itemsOf(sink)).toEqual([1, 9]);
      await sink.close();
    });

    it('takes over a claim after ten minutes', async () => {
      const { open } = await create();
      const sink = open();
      const Orders = failing([], { isDown: false });
      await sink.write(sampleLetter(1, 1));
      const at = Date.now();
      await sink.mark('1', { outcome: 'claimed', attempts: 1, runId: 'crashed', at });
      expect(await replayDeadLetters(sink, { definition: Orders })).toMatchObject({ replayed: 0 });
      const runner = new PipelineRunner({ clock: new ManualClock(at + 600_000) });
      expect(await replayDeadLetters(sink, { definition: Orders, runner })).toMatchObject({ succeeded: 1 });
      await sink.close();
    });
  });
}

/** A pipeline whose node `orders/check` fails while its service is down. */
function failing(items: readonly number[], service = { isDown: true }) {
  return definePipeline('orders', (builder) => {
    const check = builder.addTransform(
      (item: number) => (service.isDown ? throwAnything(new Error('no answer')) : item),
      { name: 'check', from: builder.addSource(items, 'source'), errorPolicy: 'deadLetter' },
    );
    builder.addSink(() => undefined, { name: 'save', from: check });
  });
}
