import assert from 'node:assert/strict';
import type { DeadLetterEnvelope } from '../ports/dead-letter-sink.js';
import type { LetterCase } from './letter-samples.js';

/** So many characters of an item are more than a page of any database. */
const LONG = 3_000_000;

/** Of each kind that a sink can keep as it is. */
const data = {
  texts: ['', 'text', 'a\nb', '"quoted"'],
  numbers: [0, -0, 1.5, Number.NaN, Infinity, 2 ** 53],
  bigint: 12345678901234567890n,
  date: new Date(5),
  map: new Map<unknown, unknown>([['a', new Set([1, 2])]]),
  bytes: new Uint8Array([0, 1, 255]),
  nothing: [null, undefined],
  $: 'a key that codecs use themselves',
};

/** What must be true of the letters that a sink gives back. */
export const contentCases: Readonly<Record<string, LetterCase>> = {
  'a letter is read as it was written': async (samples) => {
    const letter = await samples.write({
      item: data,
      correlationId: 'item-7',
      mapped: true,
      attempts: 3,
      pipelineNames: ['orders', 'check'],
      context: { parameters: { limit: 1n }, properties: { since: new Date(7) }, items: ['service'] },
      replays: [{ runId: 'replay-0', at: 5, outcome: 'failedAgain' }],
    });
    assert.deepEqual(await samples.read(), [letter]);
  },

  'a letter without optional parts is read without them': async (samples) => {
    const letter = await samples.write({ item: undefined });
    const [read] = await samples.read();
    assert.deepEqual(Object.keys(read ?? {}).sort(), Object.keys(letter).sort());
    assert.deepEqual(read, letter);
  },

  'texts of every kind are kept: NUL, half a pair of surrogates, quotes, lines': async (samples) => {
    for (const text of ['a\0b', '\ud800', '\udc00 x', '"', '"quoted"', 'a\nb', 'é 😀', 'x'.repeat(5000)]) {
      const letter = await samples.write({ id: text, path: text, runId: text, item: text });
      assert.deepEqual(await samples.read({ path: text }), [letter], JSON.stringify(text.slice(0, 9)));
      assert.deepEqual(await samples.read({ runId: text }), [letter]);
      assert.equal(await samples.mark(text, 'claimed'), true);
      assert.equal(await samples.mark(text, 'succeeded'), true);
      assert.deepEqual(await samples.ids(), []);
    }
  },

  'a long item is kept whole, and letters beside it too': async (samples) => {
    const items = ['before', 'x'.repeat(LONG), 'y'.repeat(LONG), 'behind'];
    for (const item of items) await samples.write({ item });
    const read = await samples.read();
    assert.deepEqual(
      read.map(({ item }) => String(item).length),
      items.map((item) => item.length),
    );
    assert.equal(read[2]?.item, items[2]);
  },

  'an item that is no data is kept itself, or as a readable text that the letter tells of': async (
    samples,
  ) => {
    class Order {
      readonly total = 5;
    }
    const circular: Record<string, unknown> = { name: 'c' };
    circular['self'] = circular;
    const items = [{ check: () => 1, ok: 1 }, new Order(), circular, [Symbol('s')]];
    for (const item of items) await samples.write({ item });
    const read = await samples.read();
    const places = [['.check'], [''], ['.self'], ['[0]']];
    const texts = [/check/, /Order \{ total: 5 \}/, /Circular/, /Symbol\(s\)/];
    read.forEach((letter, index) => {
      if (letter.item === items[index]) return;
      assert.deepEqual(letter.asText, places[index]);
      assert.match(JSON.stringify(letter.item) + String(letter.item), texts[index] ?? /./);
    });
    assert.equal(read.length, items.length);
  },

  'what was redacted stays so': async (samples) => {
    const item = { key: '[secret]', list: ['a [secret] in a text'] };
    const error = { name: 'Error', message: 'refused with [secret]' };
    const context = { parameters: { token: '[secret]' }, properties: {}, items: [] };
    const letter = await samples.write({ item, error, context });
    assert.deepEqual(await samples.read(), [letter]);
  },

  'a letter of another version is given as it is': async (samples) => {
    const foreign = { version: 2, id: 'foreign', path: 'p', runId: 'r', item: 1, extra: { more: [1] } };
    await samples.sink.write(foreign as unknown as DeadLetterEnvelope);
    const letter = await samples.write();
    assert.deepEqual(await samples.read(), [foreign, letter]);
  },
};

/** What must be true of a sink that takes two letters. */
export const fullCases: Readonly<Record<string, LetterCase>> = {
  'a full sink refuses with DEAD_LETTER_FULL, and keeps what it has': async (samples) => {
    const ids = await samples.writeSome(2);
    await assert.rejects(async () => samples.write(), { code: 'DEAD_LETTER_FULL' });
    assert.deepEqual(await samples.ids(), ids);
  },

  'a full sink has room for a letter that replaces another one, and again once one has succeeded': async (
    samples,
  ) => {
    const [first = '', second = ''] = await samples.writeSome(2);
    await samples.write({ id: first });
    assert.deepEqual(await samples.ids(), [second, first]);
    await samples.mark(second, 'succeeded');
    const { id } = await samples.write();
    assert.deepEqual(await samples.ids(), [first, id]);
  },
};

/** What must be true of a sink that can be closed. */
export const closedCases: Readonly<Record<string, LetterCase>> = {
  'a sink that can be closed refuses every call after that': async (samples) => {
    if (samples.sink.close === undefined) return;
    const { id } = await samples.write();
    await samples.sink.close();
    const calls = {
      write: async () => samples.write(),
      read: async () => samples.read(),
      mark: async () => samples.mark(id, 'claimed'),
    };
    for (const [name, call] of Object.entries(calls))
      await assert.rejects(call, { code: 'STORE_UNAVAILABLE' }, name);
  },
};
