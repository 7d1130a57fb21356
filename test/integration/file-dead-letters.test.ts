import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  FileDeadLetterSink,
  mapSecrets,
  replayDeadLetters,
  runPipeline,
  type DeadLetterEnvelope,
  type DeadLetterFilter,
} from 'heirline';
import { startChild } from './support/child-process.js';
import { definePipeline, errorOf, throwAnything } from './support/harness.js';
import { sampleLetter } from './support/sample-letter.js';

let folder = '';
const file = (): string => join(folder, 'letters.ndjson');
const linesOf = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');

async function lettersOf(sink: FileDeadLetterSink, filter?: DeadLetterFilter): Promise<DeadLetterEnvelope[]> {
  const letters: DeadLetterEnvelope[] = [];
  for await (const letter of sink.read(filter)) letters.push(letter);
  return letters;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heirline-letters-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('a dead-letter sink in a file', () => {
  test('writes one line per letter, and reads it back as it was, also with another sink', async () => {
    const letter = sampleLetter(1, { n: 1n, at: new Date(5), list: [undefined, new Set([1])] });
    await new FileDeadLetterSink({ path: file(), sync: true }).write(letter);

    expect(linesOf(file())).toHaveLength(1);
    expect(await lettersOf(new FileDeadLetterSink({ path: file() }))).toEqual([letter]);
  });

  test('reads nothing where there is no file, and makes folders', async () => {
    const path = join(folder, 'a', 'b', 'letters.ndjson');
    const sink = new FileDeadLetterSink({ path });
    expect(await lettersOf(sink)).toEqual([]);
    await sink.write(sampleLetter(1, 1));
    expect(await lettersOf(sink, ({ item }) => item === 2)).toEqual([]);
    expect(await lettersOf(sink, ({ item }) => item === 1)).toHaveLength(1);
  });

  test('keeps what is no data readable: the smallest part becomes a text, and the letter says which', async () => {
    class Order {
      readonly total = 5;
    }
    const circular: Record<string, unknown> = { name: 'c' };
    circular['self'] = circular;
    const items: [unknown, string[], RegExp][] = [
      [{ ok: 1, check: () => 1 }, ['.check'], /Function/],
      [new Order(), [''], /Order \{ total: 5 \}/],
      [circular, ['.self'], /Circular/],
      [{ a: [Symbol('s'), 2n] }, ['.a[0]'], /Symbol\(s\)/],
      [runInNewContext('({ a: 1, b: new Map([[1, 2n]]) })'), [], /./],
    ];
    const sink = new FileDeadLetterSink({ path: file() });
    for (const [index, [item]] of items.entries()) await sink.write(sampleLetter(index, item));

    const letters = await lettersOf(sink);

    expect(letters.map(({ asText = [] }) => asText)).toEqual(items.map(([, places]) => places));
    for (const [index, [, , text]] of items.entries()) expect(linesOf(file())[index]).toMatch(text);
    expect(letters[0]?.item).toMatchObject({ ok: 1 });
  });

  test('writes no value of a secret', async () => {
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
    const sink = new FileDeadLetterSink({ path: file() });

    await runPipeline(Orders, {
      deadLetterSink: sink,
      run: { secrets: mapSecrets({ KEY: 'very-secret-value' }) },
    });

    expect(readFileSync(file(), 'utf8')).not.toContain('very-secret-value');
    expect((await lettersOf(sink))[0]?.item).toEqual({ key: '[secret]' });
  });

  test('replays: what succeeds is read no more, what fails again is one letter with its replays', async () => {
    let isDown = true;
    const Orders = definePipeline('orders', (builder) => {
      const ask = builder.addTransform(
        (item: number) => (isDown && item < 3 ? throwAnything(new Error('down')) : item),
        { name: 'ask', from: builder.addSource([1, 2, 3], 'source'), errorPolicy: 'deadLetter' },
      );
      builder.addSink(() => undefined, { from: ask });
    });
    await runPipeline(Orders, { deadLetterSink: new FileDeadLetterSink({ path: file() }) });

    const again = new FileDeadLetterSink({ path: file() });
    expect(await replayDeadLetters(again, { definition: Orders })).toMatchObject({ failedAgain: 2 });
    const letters = await lettersOf(new FileDeadLetterSink({ path: file() }));
    expect(letters.map(({ attempts, replays }) => [attempts, replays.length])).toEqual([
      [2, 1],
      [2, 1],
    ]);
    isDown = false;
    expect(await replayDeadLetters(again, { definition: Orders })).toMatchObject({ succeeded: 2 });
    expect(await lettersOf(new FileDeadLetterSink({ path: file() }))).toEqual([]);
  });

  test('gives a replay no text in the place of a parameter that was no data', async () => {
    const seen: unknown[] = [];
    const Orders = definePipeline('orders', (builder) => {
      const ask = builder.addTransform(
        (item: number, { parameters }) => {
          seen.push([parameters.get('region'), parameters.get('format')]);
          return seen.length === 1 ? throwAnything(new Error('down')) : item;
        },
        { name: 'ask', from: builder.addSource([1], 'source'), errorPolicy: 'deadLetter' },
      );
      builder.addSink(() => undefined, { from: ask });
    });
    const sink = new FileDeadLetterSink({ path: file() });
    const format = (): string => 'x';
    await runPipeline(Orders, { deadLetterSink: sink, parameters: { region: 'north', format } });

    await replayDeadLetters(sink, { definition: Orders });

    expect(seen).toEqual([
      ['north', format],
      ['north', undefined],
    ]);
  });

  test('rotates by size, reads through rotated files, and tells what it removes', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const all = new FileDeadLetterSink({ path: file(), maxBytes: 1000 });
    for (let number = 1; number <= 12; number += 1) await all.write(sampleLetter(number, number));
    expect(readdirSync(folder).length).toBeGreaterThan(3);
    expect((await lettersOf(all)).map(({ item }) => item)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(warned).not.toHaveBeenCalled();

    const few = new FileDeadLetterSink({ path: file(), maxBytes: 1000, keep: 1 });
    for (let number = 13; number <= 15; number += 1) await few.write(sampleLetter(number, number));
    expect(readdirSync(folder)).toHaveLength(2);
    expect(warned).toHaveBeenCalled();
    expect((await lettersOf(few)).at(-1)?.item).toBe(15);
    warned.mockRestore();
  });

  test('reads what was there when reading began, whatever is written and rotated meanwhile', async () => {
    const sink = new FileDeadLetterSink({ path: file(), maxBytes: 900, keep: 1 });
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    await sink.write(sampleLetter(1, 1));
    await sink.write(sampleLetter(2, 2));
    const read: unknown[] = [];
    for await (const { item } of sink.read()) {
      read.push(item);
      for (let number = 10; number < 16; number += 1) await sink.write(sampleLetter(number, number));
    }
    expect(read).toEqual([1, 2]);
    warned.mockRestore();
  });

  test('skips a half line, tells so, and begins a new one', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const sink = new FileDeadLetterSink({ path: file() });
    await sink.write(sampleLetter(1, 1));
    appendFileSync(file(), '{"version":1,"id":"2","it');
    await sink.write(sampleLetter(3, 3));

    expect((await lettersOf(sink)).map(({ id }) => id)).toEqual(['1', '3']);
    expect(warned.mock.calls.map(([text]) => String(text))).toEqual([
      `dead letters: 1 broken line skipped (${file()})`,
    ]);
    warned.mockRestore();
  });

  test('skips lines that hold no whole letter, and tells so', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const sink = new FileDeadLetterSink({ path: file() });
    await sink.write(sampleLetter(1, 1));
    const [line = ''] = linesOf(file());
    for (const [part, other] of [
      ['"error":{', '"fault":{'],
      ['"attempts":1', '"attempts":"1"'],
      ['"replays":[]', '"replays":7'],
      ['"items":[]', '"items":[1]'],
    ] as const)
      appendFileSync(file(), `${line.replace(part, other).replace('"id":"1"', '"id":"2"')}\n`);
    appendFileSync(file(), '{"mark":"1","outcome":"succeeded"}\n');

    expect((await lettersOf(sink)).map(({ id }) => id)).toEqual(['1']);
    expect(warned.mock.calls.map(([text]) => String(text))).toEqual([
      `dead letters: 5 broken lines skipped (${file()})`,
    ]);
    warned.mockRestore();
  });

  test('tells the logger of the run of a rotated file that was removed', async () => {
    const lines: string[] = [];
    const keep = (_: object, line: string): void => void lines.push(line);
    const logger = { trace: keep, debug: keep, info: keep, warn: keep, error: keep };
    const Orders = definePipeline('orders', (builder) => {
      builder.addSink(() => throwAnything(new Error('no')), {
        name: 'save',
        from: builder.addSource([1, 2, 3, 4], 'source'),
        errorPolicy: 'deadLetter',
      });
    });
    const sink = new FileDeadLetterSink({ path: file(), maxBytes: 1, keep: 1 });
    await runPipeline(Orders, { deadLetterSink: sink, logger });
    expect(lines).toEqual([1, 2].map((number) => expect.stringContaining(`${file()}.${number})`) as string));
  });

  test('has every letter whose write was awaited when its process is killed', async () => {
    const child = startChild('letters-process.ts', [file()]);
    const written = Number(await child.line());
    child.process.kill('SIGKILL');
    await child.ended;

    const sink = new FileDeadLetterSink({ path: file() });
    await sink.write(sampleLetter(-1, 'after'));
    const ids = (await lettersOf(sink)).map(({ id }) => Number(id));

    expect(ids.length).toBeGreaterThan(written);
    expect(ids).toEqual([...Array.from({ length: ids.length - 1 }, (_, index) => index), -1]);
  }, 20_000);

  test('rejects every write of a piece that could not be written', async () => {
    const sink = new FileDeadLetterSink({ path: folder });
    const writes = [1, 2, 3].map((number) => sink.write(sampleLetter(number, number)));
    expect((await Promise.allSettled(writes)).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
      'rejected',
    ]);
  });

  test('refuses wrong options', () => {
    for (const options of [
      {},
      { path: '' },
      { path: 'a', maxBytes: 0 },
      { path: 'a', keep: 0 },
      { name: 'a' },
    ]) {
      expect(errorOf(() => new FileDeadLetterSink(options as { path: string })).code).toBe('OPTION_INVALID');
    }
  });
});
