import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FileLineageSink, MemoryLineageSink, runPipeline, type LineageRecord } from 'heirline';
import { definePipeline, range } from './support/harness.js';
import { sampleRecord } from './support/sample-record.js';

let folder = '';
const file = (): string => join(folder, 'lineage.ndjson');

async function recordsOf(sink: FileLineageSink): Promise<LineageRecord[]> {
  const records: LineageRecord[] = [];
  for await (const record of sink.read()) records.push(record);
  return records;
}

const idsOf = async (sink: FileLineageSink): Promise<string[]> =>
  (await recordsOf(sink)).map((record) => record.correlationId);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heirline-lineage-'));
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

describe('a lineage sink in a file', () => {
  test('writes one line per record, and reads it back as it was, also with another sink', async () => {
    const record = sampleRecord('a', {
      outcome: 'error',
      error: { code: 'NODE_FAILED', name: 'TypeError' },
      contributors: ['x', 'y'],
      contributorCount: 7,
      key: 'order-5',
      tenantId: 'acme',
      input: { n: 1n, at: new Date(5), list: [undefined, new Set([1])] },
      output: undefined,
    });
    await new FileLineageSink({ path: file(), sync: true }).record(record);

    expect(readFileSync(file(), 'utf8').trimEnd().split('\n')).toHaveLength(1);
    expect(await recordsOf(new FileLineageSink({ path: file() }))).toEqual([record]);
  });

  test('keeps the way of every item of a run, which a sink in memory can then be asked about', async () => {
    const sink = new FileLineageSink({ path: file() });
    const Numbers = definePipeline('numbers', (builder) => {
      const source = builder.addSource(range(1, 50), 'source');
      builder.addSink(() => undefined, { name: 'save', from: source });
    });

    const { runId } = await runPipeline(Numbers, { lineageSink: sink });

    const memory = new MemoryLineageSink();
    for await (const record of sink.read()) memory.record(record);
    expect(memory.passedThrough('numbers/save')).toHaveLength(50);
    expect(memory.records.every((record) => record.runId === runId)).toBe(true);
  });

  test('writes an item that is no data as a readable text', async () => {
    const sink = new FileLineageSink({ path: file() });
    await sink.record(sampleRecord('a', { output: { total: 5, check: () => 1 } }));

    const [record] = await recordsOf(sink);
    expect(record?.output).toMatchObject({ total: 5, check: expect.stringContaining('Function') as string });
  });

  test('reads nothing where there is no file', async () => {
    expect(await recordsOf(new FileLineageSink({ path: file() }))).toEqual([]);
  });

  test('skips broken lines and lines that hold no record, and tells so', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const sink = new FileLineageSink({ path: file() });
    await sink.record(sampleRecord('a'));
    appendFileSync(file(), '{"correlationId":"b"}\n[]\n{"corr');
    await sink.record(sampleRecord('c'));

    expect(await idsOf(sink)).toEqual(['a', 'c']);
    expect(warn).toHaveBeenCalledExactlyOnceWith(`lineage: 3 broken lines skipped (${file()})`);
  });

  test('rotates by size, keeps as many files as it is told, and tells what it removes', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const sink = new FileLineageSink({ path: file(), maxBytes: 1000, keep: 2 });
    for (const number of range(1, 6)) await sink.record(sampleRecord(String(number)));

    expect(readdirSync(folder).sort()).toEqual(['lineage.ndjson', 'lineage.ndjson.4', 'lineage.ndjson.5']);
    expect(await idsOf(sink)).toEqual(['4', '5', '6']);
    expect(warn.mock.calls[0]?.[0]).toMatch(/a rotated file was removed.*lineage\.ndjson\.1\)/);
  });

  test('prunes rotated files of which every record is elder, and never the file that it writes to', async () => {
    const sink = new FileLineageSink({ path: file(), maxBytes: 1000 });
    for (const [id, at] of [
      ['a', 10],
      ['b', 30],
      ['c', 20],
      ['d', 10],
    ] as const)
      await sink.record(sampleRecord(id, { at }));

    expect(await sink.prune({ before: 10 })).toBe(0);
    expect(await sink.prune({ before: 25 })).toBe(2);
    expect(await idsOf(sink)).toEqual(['b', 'd']);
    await expect(sink.prune({ before: 'now' as never })).rejects.toThrow(/'before' must be milliseconds/);
  });

  test('has written all when it is closed, and refuses every later call', async () => {
    const sink = new FileLineageSink({ path: file() });
    const written = range(1, 20).map((number) => sink.record(sampleRecord(String(number))));
    await sink.close();

    expect(readFileSync(file(), 'utf8').trimEnd().split('\n')).toHaveLength(20);
    await Promise.all(written);
    const closed = { code: 'STORE_UNAVAILABLE' };
    await expect(sink.record(sampleRecord('x'))).rejects.toMatchObject(closed);
    await expect(recordsOf(sink)).rejects.toMatchObject(closed);
    await expect(sink.prune({ before: 1 })).rejects.toMatchObject(closed);
  });

  test('refuses wrong options', () => {
    expect(() => new FileLineageSink({} as never)).toThrow(/FileLineageSink: 'path' is required/);
    expect(() => new FileLineageSink({ path: 'a', keep: 0 })).toThrow(
      /'keep' must be a whole number above 0/,
    );
  });
});
