import { describe, expect, it } from 'vitest';
import {
  errorPolicy,
  explainItem,
  MemoryLineageSink,
  PipelineRunner,
  type LineageRecord,
  type PipelineBuilder,
} from 'heirline';
import { ManualClock } from 'heirline/testing';
import { range } from './support/harness.js';
import { sampleHop, sampleRecord } from './support/sample-record.js';

function sinkWith(...records: readonly LineageRecord[]): MemoryLineageSink {
  const sink = new MemoryLineageSink();
  for (const record of records) sink.record(record);
  return sink;
}

const linesOf = async (sink: MemoryLineageSink, id: string, width = 80): Promise<string[]> =>
  (await explainItem(sink, id, { width })).split('\n');

describe('explainItem', () => {
  it('tells the way of an item of a run through its levels, and of the items it was made of', async () => {
    class Double {
      define(builder: PipelineBuilder<number, number>) {
        const input = builder.addCompositeInput();
        const double = builder.addTransform((item: number) => item * 2, { name: 'double', from: input });
        builder.connect(double, builder.addCompositeOutput());
      }
    }
    class Sums {
      define(builder: PipelineBuilder) {
        const read = builder.addSource([1, 2], 'read');
        const doubled = builder.addComposite(Double, { name: 'twice', from: read });
        const sum = builder.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            let total = 0;
            for await (const item of items) total += item;
            yield total;
          },
          { name: 'sum', from: doubled },
        );
        builder.addSink(() => undefined, { name: 'save', from: sum });
      }
    }
    const sink = new MemoryLineageSink();
    const runner = new PipelineRunner({ clock: new ManualClock(), lineageSink: sink });
    await runner.run(Sums, { run: { runId: 'monday' } });

    const [made] = sink.passedThrough('Sums/save');
    const text = await explainItem(sink, made?.correlationId ?? '', { width: 80 });

    expect(text).toMatch(/^item monday#\d\n {2}emitted at Sums\/save, 2000-01-01T00:00:00\.000Z\n/);
    expect(text).toContain('made of 2 items\n  item monday#1\n    aggregated at Sums/sum');
    expect(text).toContain('    ├─ twice\n    │  ├─ input\n    │  ├─ double\n');
  });

  it('tells tries, times, branches and rounds beside each node, and why the item ended', async () => {
    const passed = (path: string, at: number): LineageRecord =>
      sampleRecord('a', { path, at, outcome: 'passed', terminal: false, traversal: [sampleHop(path)] });
    const sink = sinkWith(
      passed('orders/read', 100),
      passed('orders/check', 150),
      sampleRecord('a', {
        path: 'orders/price/ask',
        outcome: 'error',
        attempts: 3,
        error: { code: 'NODE_FAILED', name: 'TypeError' },
        traversal: [
          sampleHop('orders/read'),
          sampleHop('orders/check', { attempts: 2 }),
          sampleHop('orders/split', { outputs: 4, cardinality: 'many' }),
          sampleHop('orders/again/step', { round: 1 }),
          sampleHop('orders/again/step', { round: 2 }),
        ],
        tenantId: 'acme',
        key: 'order-5',
        pipelineVersion: '1.2.0',
        at: 1200,
      }),
    );

    expect(await linesOf(sink, 'a')).toEqual([
      'item a',
      '  error NODE_FAILED (TypeError) after 3 tries at orders/price/ask,',
      '  1970-01-01T00:00:01.200Z, 1100 ms after the first node',
      '  run r1, version 1.2.0, tenant acme, key order-5',
      '',
      '  orders',
      '  ├─ read     +0 ms',
      '  ├─ check    +50 ms, 2 tries',
      '  ├─ split    4 items out',
      '  ├─ again',
      '  │  ├─ step  round 1',
      '  │  └─ step  round 2',
      '  └─ price',
      '     └─ ask   error NODE_FAILED (TypeError) after 3 tries',
    ]);
  });

  it('tells every end of an item that ended again, and the way so far of one that has not ended', async () => {
    const sink = sinkWith(
      sampleRecord('a', { outcome: 'deadLettered', path: 'orders/check' }),
      sampleRecord('a', { runId: 'r2' }),
      sampleRecord('b', { outcome: 'passed', terminal: false, path: 'orders/check' }),
    );

    const text = await explainItem(sink, 'a');
    expect(text).toMatch(/dead-lettered at orders\/check[^]*run r1[^]*emitted at orders\/save[^]*run r2/);
    expect(await explainItem(sink, 'b')).toMatch(/^item b\n {2}not ended, last seen at orders\/check/);
  });

  it('says of an id that the sink does not know what the reason may be', async () => {
    expect(await explainItem(sinkWith(), 'x')).toMatch(/^item x\n {2}The sink has no record of it: /);
  });

  it('tells the hops at both ends of a very long way, and how many are left out', async () => {
    const traversal = range(1, 1000).map((number) => sampleHop(`orders/n${String(number)}`));
    const lines = await linesOf(sinkWith(sampleRecord('a', { traversal, hopsLost: 500 })), 'a');

    expect(lines).toHaveLength(207);
    expect(lines).toContain('  ├─ ... 1300 hops left out');
    expect(lines.join('\n')).toMatch(/n100\n.*left out\n.*n901/);
  });

  it('tells ten of many contributors, each once, and how many there were', async () => {
    const parts = range(1, 30).map((number) => sampleRecord(`part-${String(number)}`));
    const sink = sinkWith(
      ...parts,
      sampleRecord('a', { contributors: parts.map((part) => part.correlationId), contributorCount: 5000 }),
    );

    const lines = await linesOf(sink, 'a');
    expect(lines).toContain('  made of 5000 items, of which 10 items here');
    expect(lines.filter((line) => line.startsWith('  item part-'))).toHaveLength(10);
    expect(lines.some((line) => line.includes('part-30'))).toBe(true);
  });

  it('ends where items are made of one another', async () => {
    const sink = sinkWith(
      sampleRecord('a', { contributors: ['b'] }),
      sampleRecord('b', { contributors: ['a'] }),
    );
    expect((await linesOf(sink, 'a')).filter((line) => line.trim() === 'item a')).toHaveLength(2);
  });

  it.each([40, 80])('keeps to %s columns, and writes no control characters', async (width) => {
    const name = 'a-node-whose-name-is-far-too-long-for-anybody-to-read-on-one-line-of-a-terminal'.repeat(2);
    const sink = sinkWith(
      sampleRecord('a\u001b[31m', {
        outcome: 'error',
        error: { code: 'NODE_FAILED', name: 'Error', message: 'words that go on and on '.repeat(20) },
        traversal: [sampleHop('orders/read'), sampleHop(`orders/x/y/${name}`, { attempts: 2 })],
        tenantId: 'evil\u0007',
      }),
    );
    const text = await explainItem(sink, 'a\u001b[31m', { width });

    // eslint-disable-next-line no-control-regex -- These must not be in the text.
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width);
  });

  it('refuses what is no sink, no id, and no width', async () => {
    await expect(explainItem({} as never, 'a')).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    await expect(explainItem(sinkWith(), '')).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    await expect(explainItem(sinkWith(), 'a', { width: 0 })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    });
  });

  it('tells tries of a policy', async () => {
    const sink = new MemoryLineageSink();
    let calls = 0;
    class Retried {
      define(builder: PipelineBuilder) {
        const tried = builder.addTransform(
          (item: number) => {
            calls += 1;
            if (calls < 3) throw new Error('try later');
            return item;
          },
          {
            name: 'tried',
            from: builder.addSource([1], 'read'),
            errorPolicy: errorPolicy({ then: { retry: { attempts: 3 } } }),
          },
        );
        builder.addSink(() => undefined, { name: 'save', from: tried });
      }
    }
    await new PipelineRunner({ lineageSink: sink }).run(Retried);
    expect(await explainItem(sink, sink.records[0]?.correlationId ?? '')).toMatch(/tried\s+3 tries/);
  });
});
