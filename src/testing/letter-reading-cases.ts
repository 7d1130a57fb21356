import assert from 'node:assert/strict';
import type { DeadLetterFilter } from '../ports/dead-letter-sink.js';
import type { LetterCase } from './letter-samples.js';

/** What must be true where letters are written and read. */
export const readingCases: Readonly<Record<string, LetterCase>> = {
  'an empty sink has no letters': async (samples) => {
    assert.deepEqual(await samples.read(), []);
    assert.deepEqual(await samples.read({ path: 'orders/check' }), []);
  },

  'letters are read in the order of their arrival, whatever their times are': async (samples) => {
    const ids: string[] = [];
    for (const time of [3, 1, 2]) ids.push((await samples.write({ failedAt: new Date(time) })).id);
    assert.deepEqual(await samples.ids(), ids);
  },

  'a letter of the same id replaces the one before, and stands at the end': async (samples) => {
    const [first = '', second = ''] = await samples.writeSome(2);
    const replays = [{ runId: 'replay-0', at: 1, outcome: 'failedAgain' }] as const;
    const again = await samples.write({
      id: first,
      item: 'again',
      attempts: 4,
      replays,
      path: 'orders/save',
    });
    assert.deepEqual(await samples.ids(), [second, first]);
    assert.deepEqual(await samples.read({ path: 'orders/save' }), [again]);
    assert.deepEqual(await samples.ids({ path: 'orders/check' }), [second]);
  },

  '1,000 letters that are written at once are all there': async (samples) => {
    const letters = Array.from({ length: 1000 }, () => samples.letter());
    await Promise.all(letters.map(async (letter) => samples.sink.write(letter)));
    const read = await samples.ids();
    assert.equal(read.length, 1000);
    assert.deepEqual(new Set(read), new Set(letters.map(({ id }) => id)));
  },

  'letters that come while others are read are left out': async (samples) => {
    const ids = await samples.writeSome(3);
    const read: string[] = [];
    for await (const { id } of samples.sink.read()) {
      read.push(id);
      await samples.write();
    }
    assert.deepEqual(read, ids);
    assert.equal((await samples.ids()).length, 6);
  },

  'letters can be marked while they are read': async (samples) => {
    await samples.writeSome(5);
    for await (const { id } of samples.sink.read()) await samples.mark(id, 'succeeded');
    assert.deepEqual(await samples.ids(), []);
  },

  'a reader can leave early, and begin again': async (samples) => {
    const ids = await samples.writeSome(3);
    for await (const { id } of samples.sink.read()) {
      assert.equal(id, ids[0]);
      break;
    }
    assert.deepEqual(await samples.ids(), ids);
  },

  'two readers at once both read all': async (samples) => {
    const ids = await samples.writeSome(3);
    assert.deepEqual(await Promise.all([samples.ids(), samples.ids()]), [ids, ids]);
  },

  'a filter is a function of the letter, or fields that the letter has': async (samples) => {
    const places = [
      { path: 'orders/check', runId: 'monday' },
      { path: 'orders/check', runId: 'tuesday' },
      { path: 'orders/check/inner', runId: 'monday' },
    ];
    const ids: string[] = [];
    for (const place of places) ids.push((await samples.write(place)).id);
    const chosen: readonly [DeadLetterFilter, readonly number[]][] = [
      [({ item }) => item !== 2, [0, 2]],
      [{ path: 'orders/check' }, [0, 1]],
      [{ runId: 'monday' }, [0, 2]],
      [{ path: 'orders/check', runId: 'monday' }, [0]],
      [{ path: undefined, runId: 'tuesday' }, [1]],
      [{ path: 'orders' }, []],
      [{}, [0, 1, 2]],
    ];
    for (const [filter, indexes] of chosen) {
      assert.deepEqual(
        await samples.ids(filter),
        indexes.map((index) => ids[index]),
        JSON.stringify(filter),
      );
    }
  },

  'a filter is asked about the letter with its replays': async (samples) => {
    const [first = '', second = ''] = await samples.writeSome(2);
    await samples.mark(first, 'failedAgain');
    assert.deepEqual(await samples.ids(({ replays }) => replays.length === 0), [second]);
  },

  'a filter that throws ends the reading with what it has thrown': async (samples) => {
    await samples.write();
    const thrown = new RangeError('no');
    const refuse = (): boolean => {
      throw thrown;
    };
    await assert.rejects(
      async () => samples.read(refuse),
      (error) => error === thrown,
    );
  },

  'a filter that is none is refused': async (samples) => {
    await samples.write();
    for (const filter of ['orders', 7, null, { node: 'a' }, { path: 7 }, { runId: '' }]) {
      await assert.rejects(
        async () => samples.read(filter as DeadLetterFilter),
        { code: 'OPTION_INVALID' },
        JSON.stringify(filter),
      );
    }
  },
};
