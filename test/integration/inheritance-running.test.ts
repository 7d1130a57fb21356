import { describe, expect, it } from 'vitest';
import {
  CompositeContextConfiguration,
  runPipeline,
  type PipelineBuilder,
  type PipelineDefinition,
} from 'heirline';
import { subPipeline, throughChild, turn } from './support/pipelines.js';

describe('The order in which items move', () => {
  it('is depth first: the next item is not pulled until this one has left', async () => {
    const log: string[] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const source = builder.addSource(function* () {
          for (const item of [1, 2]) {
            log.push(`pull ${item}`);
            yield item;
          }
        });
        const child = builder.addComposite(
          subPipeline(async (item: number) => {
            await turn();
            log.push(`child ${item}`);
            return item;
          }),
          { name: 'child', from: source },
        );
        const sink = builder.addSink(async (item: number) => {
          await turn();
          log.push(`sink ${item}`);
        });
        builder.connect(child, sink);
      }
    }

    await runPipeline(Root);

    expect(log).toEqual(['pull 1', 'child 1', 'sink 1', 'pull 2', 'child 2', 'sink 2']);
  });

  it('lets an item go through a stream transform when that asks for its next', async () => {
    const log: string[] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const source = builder.addSource(function* () {
          for (const item of [1, 2, 3, 4]) {
            log.push(`pull ${item}`);
            yield item;
          }
        });
        const pairs = builder.addStreamTransform(async function* (items: AsyncIterable<number>) {
          let sum = 0;
          let count = 0;
          for await (const item of items) {
            sum += item;
            count += 1;
            if (count % 2 === 0) {
              yield sum;
              sum = 0;
            }
          }
        });
        const sink = builder.addSink(async (item: number) => {
          await turn();
          log.push(`sink ${item}`);
        });
        builder.connect(source, pairs).connect(pairs, sink);
      }
    }

    await runPipeline(Root);

    expect(log).toEqual(['pull 1', 'pull 2', 'sink 3', 'pull 3', 'pull 4', 'sink 7']);
  });

  it('never calls a node of concurrency 1 twice at once, also behind a fan-in', async () => {
    let running = 0;
    let most = 0;
    let calls = 0;
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const work = builder.addTransform(
          async (item: number) => {
            running += 1;
            calls += 1;
            most = Math.max(most, running);
            await turn();
            running -= 1;
            return item;
          },
          { name: 'work' },
        );
        for (const name of ['a', 'b', 'c']) {
          builder.connect(builder.addSource([1, 2, 3, 4, 5], name), work);
        }
        builder.connect(
          work,
          builder.addSink(() => undefined),
        );
      }
    }

    await runPipeline(Root);

    expect(calls).toBe(15);
    expect(most).toBe(1);
  });
});

describe('What is always shared with a child', () => {
  it('is the run’s cancellation, even when isolated', async () => {
    const signals: boolean[] = [];
    const Child = subPipeline((item: number, context) => {
      context.run.cancel({ kind: 'user', message: 'enough' });
      signals.push(context.signal.aborted);
      return item;
    });
    const rootSignals: boolean[] = [];
    const { Root } = throughChild(
      function* (context) {
        try {
          yield 1;
          yield 2;
        } finally {
          rootSignals.push(context.signal.aborted);
        }
      },
      Child,
      { contextConfiguration: CompositeContextConfiguration.isolated },
    );

    await expect(runPipeline(Root)).rejects.toMatchObject({
      code: 'RUN_CANCELLED',
      kind: 'user',
      result: { status: 'cancelled' },
    });
    expect(signals).toEqual([true]);
    expect(rootSignals).toEqual([true]);
  });

  it('is its deadline and its logger, even when isolated', async () => {
    const deadline = new Date(Date.now() + 600_000);
    const lines: string[] = [];
    const write = (_fields: unknown, message?: string): void => {
      lines.push(String(message));
    };
    const logger = { trace: write, debug: write, info: write, warn: write, error: write };
    const seen: (Date | undefined)[] = [];
    const Child = subPipeline((item: number, context) => {
      seen.push(context.run.deadline);
      context.logger.info({}, 'from the child');
      return item;
    });
    const { Root } = throughChild([1], Child, {
      contextConfiguration: CompositeContextConfiguration.isolated,
    });

    await runPipeline(Root, { run: { deadline }, logger });

    expect(seen.map((date) => date?.getTime())).toEqual([deadline.getTime()]);
    expect(lines).toContain('from the child');
  });

  it('can be narrowed by the child, never widened: of two deadlines the earlier one holds', async () => {
    const deadline = new Date(Date.now() + 600_000);
    const seen: (number | undefined)[] = [];
    const Child = subPipeline((item: number, context) => {
      seen.push(context.run.deadline?.getTime());
      return item;
    });
    const wide = throughChild([1], Child, { timeoutMs: 1_200_000 });
    await runPipeline(wide.Root, { run: { deadline } });
    const narrow = throughChild([1], Child, { timeoutMs: 60_000 });
    await runPipeline(narrow.Root, { run: { deadline } });

    expect(seen[0]).toBe(deadline.getTime());
    expect(seen[1]).toBeLessThan(deadline.getTime());
  });
});

describe('context.currentNodeId', () => {
  it('is right for every node that is called with the context', async () => {
    const seen: (string | undefined)[] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const source = builder.addSource((context) => {
          seen.push(context.currentNodeId);
          return [1];
        }, 'orders');
        const check = builder.addTransform(
          (item: number, context) => {
            seen.push(context.currentNodeId);
            return item;
          },
          { name: 'check', from: source },
        );
        const child = builder.addComposite(
          subPipeline((item: number, context) => {
            seen.push(context.currentNodeId);
            return item;
          }),
          { name: 'child', from: check },
        );
        const sink = builder.addSink((_item: number, context) => {
          seen.push(context.currentNodeId);
        }, 'save');
        builder.connect(child, sink);
      }
    }

    await runPipeline(Root);

    expect(seen).toEqual(['orders', 'check', 'work', 'save']);
  });

  it('is right also when nodes of one execution overlap in time', async () => {
    const seen: [string, string | undefined, string | undefined][] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const source = builder.addSource([1, 2, 3, 4, 5]);
        for (const name of ['left', 'right']) {
          const branch = builder.addTransform(
            async (item: number, context) => {
              const before = context.currentNodeId;
              await turn();
              seen.push([name, before, context.currentNodeId]);
              return item;
            },
            { name, from: source, concurrency: 4 },
          );
          builder.connect(
            branch,
            builder.addSink(() => undefined),
          );
        }
      }
    }

    await runPipeline(Root);

    expect(seen).toHaveLength(10);
    for (const [name, before, after] of seen) {
      expect([before, after]).toEqual([name, name]);
    }
  });
});
