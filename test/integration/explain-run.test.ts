import { describe, expect, test } from 'vitest';
import {
  buildPipeline,
  errorPolicy,
  explainRun,
  PipelineError,
  PipelineRunner,
  requireContext,
  runPipeline,
  type PipelineBuilder,
  type RunResult,
} from 'heirline';
import { ManualClock } from 'heirline/testing';
import { definePipeline, rejectionOf } from './support/harness.js';

const ignore = (): void => undefined;

const price = { currency: 'EUR', inputPerMillion: 1_000_000, outputPerMillion: 0 };

/** Doubles numbers, skips odd ones, and pays for each. */
const Double = definePipeline<number, number>('double', (builder) => {
  const paid = builder.addTransform(
    (item: number, { run }) => {
      run.cost.record({ callId: String(item), model: 'm', inputTokens: 1, outputTokens: 2, price });
      if (item % 2 === 1) throw new RangeError('odd');
      return item * 2;
    },
    {
      name: 'paid',
      from: builder.addCompositeInput(),
      errorPolicy: errorPolicy({ on: RangeError, then: 'skip' }),
    },
  );
  builder.connect(paid, builder.addCompositeOutput());
});

const Root = definePipeline('root', (builder) => {
  const child = builder.addComposite(Double, {
    name: 'child',
    from: builder.addSource([1, 2, 3, 4], 'numbers'),
    output: 'optional',
    contextConfiguration: { inheritParentItems: { pick: ['log'] }, inheritLineageSink: false },
  });
  builder.addSink(ignore, { name: 'save', from: child });
});

describe('explainRun', () => {
  test('tells in a tree what passed each node, what it cost, and what each sub-pipeline inherited', async () => {
    const result = await runPipeline(Root, { items: { log: console } });

    expect(explainRun(result, { graph: buildPipeline(Root), times: false, width: 80 }).split('\n')).toEqual([
      'root succeeded; 4 EUR, 4 calls, 12 tokens',
      '',
      'root              in  out',
      '├─ numbers         4    4',
      '├─ child: double   4    2  2 filtered',
      '│  ┆  items: log',
      '│  ┆  withheld: lineage sink',
      '│  ├─ input        4    4',
      '│  ├─ paid         4    2  2 filtered, 4 EUR, 4 calls, 12 tokens',
      '│  └─ output       2    2',
      '└─ save            2    2',
    ]);
  });

  test('shows what was spent outside of any node at the pipeline that spent it', async () => {
    const book = (callId: string) =>
      requireContext().run.cost.record({ callId, model: 'm', inputTokens: 5, outputTokens: 0 });
    const Child = definePipeline<number, number>('child', (builder) => {
      const step = builder.addTransform((item: number) => (book('child'), item), {
        name: 'step',
        from: builder.addCompositeInput(),
      });
      builder.connect(step, builder.addCompositeOutput());
    });
    const Spending = definePipeline('spending', (builder) => {
      const child = builder.addComposite(Child, { name: 'child', from: builder.addSource([1], 'numbers') });
      builder.addSink(() => book('root'), { name: 'save', from: child });
    });

    const lines = explainRun(await runPipeline(Spending), { times: false, width: 80 }).split('\n');

    expect(lines.slice(0, 6)).toEqual([
      'spending succeeded; 2 calls, 10 tokens',
      '',
      'spending      in  out',
      '┆  1 call, 5 tokens',
      '├─ numbers     1    1',
      '├─ child       1    1  1 call, 5 tokens',
    ]);
  });

  test('shows a fallback below the node that it stands in for', async () => {
    const Failing = definePipeline('failing', (builder) => {
      const fetch = builder.addTransform(
        (item: number): number => {
          throw new RangeError(String(item));
        },
        {
          name: 'fetch',
          from: builder.addSource([2], 'numbers'),
          errorPolicy: errorPolicy({ then: { fallback: Double } }),
        },
      );
      builder.addSink(ignore, { name: 'save', from: fetch });
    });

    const lines = explainRun(await runPipeline(Failing), { times: false, width: 80 }).split('\n');

    expect(lines.slice(2, 7)).toEqual([
      'failing                 in  out',
      '├─ numbers               1    1',
      '├─ fetch                 1    1  1 recovered',
      '│  └─ fallback: double   1    1',
      '│     ├─ input           1    1',
    ]);
  });

  test('needs no graph for the tree', async () => {
    const result = await runPipeline(Root);

    const lines = explainRun(result, { times: false, width: 80 }).split('\n');

    expect(lines).toContain('├─ child: double   4    2  2 filtered');
    expect(lines.join('\n')).not.toContain('┆');
  });

  test('tells how long the run took, and where metrics are given, how long each node worked and waited', async () => {
    const clock = new ManualClock();
    const Slow = definePipeline('slow', (builder) => {
      const wait = async (item: number) => {
        await clock.advance(65_000);
        return item;
      };
      const step = builder.addTransform(wait, { name: 'step', from: builder.addSource([1], 'numbers') });
      builder.addSink(ignore, { name: 'save', from: step });
    });
    const result = await new PipelineRunner({ clock }).run(Slow);

    const metrics = {
      'slow/step': { busyMs: 65_000, waitingMs: 12.4, p95: 1 },
      'slow/save': { busyMs: 1240 },
    };
    expect(explainRun(result, { metrics, width: 80 }).split('\n')).toEqual([
      'slow succeeded in 1 min 5 s',
      '',
      'slow        in  out       busy  waiting',
      '├─ numbers   1    1',
      '├─ step      1    1  1 min 5 s    12 ms',
      '└─ save      1    1     1.24 s',
    ]);
  });

  test('keeps to the width: what does not fit stands below its node', async () => {
    const result = await runPipeline(Root, { items: { log: console } });

    const lines = explainRun(result, { graph: buildPipeline(Root), width: 40 }).split('\n');

    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
    expect(lines).toEqual(
      expect.arrayContaining([
        '│  ├─ paid         4    2',
        '│  │  ┆  2 filtered, 4 EUR, 4 calls, 12',
        '│  │  ┆  tokens',
      ]),
    );
  });

  test('of a failed run tells what failed, with its cause, and shows nodes that were never reached', async () => {
    const Failing = definePipeline('failing', (builder) => {
      const check = builder.addTransform(
        (item: number): number => {
          throw new TypeError(`no\u001b[31m ${String(item)}`);
        },
        { name: 'check', from: builder.addSource([7], 'numbers') },
      );
      builder.addSink(ignore, { name: 'save', from: check });
    });
    const { result } = await rejectionOf(runPipeline(Failing));

    const lines = explainRun(result as RunResult, {
      graph: buildPipeline(Failing),
      times: false,
      width: 80,
    }).split('\n');

    expect(lines).toEqual([
      'failing failed',
      '',
      'failing     in  out',
      '├─ numbers   1    1',
      '├─ check     1    0  1 failed',
      '└─ save      0    0',
      '',
      '1 failure',
      '  failing/check: NODE_FAILED, TypeError: no\\x1b[31m 7',
    ]);
  });

  test('shows the first five failures, and counts the others', async () => {
    const Collecting = definePipeline('collecting', (builder: PipelineBuilder) => {
      const fail = (item: number): number => {
        throw new RangeError(String(item));
      };
      const from = builder.addSource([1, 2, 3, 4, 5, 6, 7], 'numbers');
      const check = builder.addTransform(fail, {
        name: 'check',
        from,
        errorPolicy: errorPolicy({ then: 'collect' }),
      });
      builder.addSink(ignore, { name: 'save', from: check });
    });
    const { result } = await rejectionOf(runPipeline(Collecting));

    const text = explainRun(result as RunResult, { width: 80 });

    expect(text).toContain('7 failures\n  collecting/check: NODE_FAILED, RangeError: 1\n');
    expect(text).toMatch(/RangeError: 5\n {2}and 2 more$/);
  });

  test('refuses what is no result, unknown options, and the graph of another pipeline', async () => {
    const result = await runPipeline(Root);
    const refused = expect.objectContaining({ code: 'OPTION_INVALID' }) as PipelineError;

    expect(() => explainRun(new PipelineError('NODE_FAILED', { problem: '', remedy: '' }) as never)).toThrow(
      refused,
    );
    expect(() => explainRun(result, { metric: {} } as never)).toThrow(refused);
    expect(() => explainRun(result, { graph: buildPipeline(Double) })).toThrow(
      "the graph of 'root', not that of 'double'",
    );
  });
});
