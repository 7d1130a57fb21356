import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runPipeline, SKIP, type PipelineBuilder } from 'heirline';
import { definePipeline, expectBalanced, nextTurn } from '../integration/support/harness.js';

/** Items that each take a number of turns of the event loop; 0 is done at once. */
const workloads = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 40 });
const lanes = fc.integer({ min: 1, max: 16 });

interface Work {
  readonly index: number;
  readonly turns: number;
}

function workOf(turns: readonly number[]): Work[] {
  return turns.map((count, index) => ({ index, turns: count }));
}

async function wait({ turns }: Work): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await (turn % 2 === 0 ? Promise.resolve() : nextTurn());
}

/** A meter of how many calls are under way at once. */
class Meter {
  busy = 0;
  most = 0;

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.busy += 1;
    this.most = Math.max(this.most, this.busy);
    try {
      return await work();
    } finally {
      this.busy -= 1;
    }
  }
}

describe('a node with concurrency', () => {
  test('keeps the order of its inputs, whatever each takes, and never runs more at once than it may', async () => {
    await fc.assert(
      fc.asyncProperty(
        workloads,
        lanes,
        fc.integer({ min: 2, max: 6 }),
        async (turns, concurrency, divisor) => {
          const meter = new Meter();
          const outputs: number[] = [];
          const result = await runPipeline(
            definePipeline('root', (builder) => {
              const node = builder.addTransform(
                (work: Work) => {
                  if (work.turns === 0) return work.index % divisor === 0 ? SKIP : work.index;
                  return meter.during(async () => {
                    await wait(work);
                    return work.index % divisor === 0 ? SKIP : work.index;
                  });
                },
                { name: 'node', from: builder.addSource(workOf(turns), 'source'), concurrency },
              );
              builder.connect(
                node,
                builder.addSink((index: number) => outputs.push(index), 'sink'),
              );
            }),
          );

          expect(outputs).toEqual(turns.map((_, index) => index).filter((index) => index % divisor !== 0));
          expect(meter.most).toBeLessThanOrEqual(concurrency);
          expect(meter.most).toBeLessThanOrEqual(concurrency);
          expectBalanced(result);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('loses and doubles nothing where it need not keep the order', async () => {
    await fc.assert(
      fc.asyncProperty(workloads, lanes, async (turns, concurrency) => {
        const meter = new Meter();
        const outputs: number[] = [];
        await runPipeline(
          definePipeline('root', (builder) => {
            const node = builder.addTransform(
              (work: Work) =>
                meter.during(async () => {
                  await wait(work);
                  return work.index;
                }),
              { name: 'node', from: builder.addSource(workOf(turns), 'source'), concurrency, ordered: false },
            );
            builder.connect(
              node,
              builder.addSink((index: number) => outputs.push(index), 'sink'),
            );
          }),
        );

        expect([...outputs].sort((a, b) => a - b)).toEqual(turns.map((_, index) => index));
        expect(meter.most).toBeLessThanOrEqual(concurrency);
      }),
      { numRuns: 40 },
    );
  });
});

describe('composites with concurrency, nested', () => {
  /** A sub-pipeline that waits and passes its item on, some levels down. */
  function nested(levels: number, concurrency: number) {
    type Child = ReturnType<typeof definePipeline<Work, Work>>;
    let child: Child = definePipeline<Work, Work>('leaf', (builder: PipelineBuilder<Work, Work>) => {
      const node = builder.addTransform(
        async (work: Work) => {
          await wait(work);
          return work;
        },
        { name: 'node', from: builder.addCompositeInput() },
      );
      builder.connect(node, builder.addCompositeOutput());
    });
    for (let level = 0; level < levels; level += 1) {
      const inner = child;
      child = definePipeline<Work, Work>(`level-${String(level)}`, (builder) => {
        const composite = builder.addComposite(inner, {
          name: 'inner',
          from: builder.addCompositeInput(),
          concurrency,
        });
        builder.connect(composite, builder.addCompositeOutput());
      });
    }
    return child;
  }

  test('keep the order of their inputs', async () => {
    await fc.assert(
      fc.asyncProperty(
        workloads,
        lanes,
        fc.integer({ min: 0, max: 2 }),
        async (turns, concurrency, levels) => {
          const outputs: number[] = [];
          await runPipeline(
            definePipeline('root', (builder) => {
              const child = builder.addComposite(nested(levels, concurrency), {
                name: 'child',
                from: builder.addSource(workOf(turns), 'source'),
                concurrency,
              });
              builder.connect(
                child,
                builder.addSink((work: Work) => outputs.push(work.index), 'sink'),
              );
            }),
          );

          expect(outputs).toEqual(turns.map((_, index) => index));
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('fan-in', () => {
  test('keeps the order within each input and gets every item once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(workloads, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        lanes,
        async (sources, slow, concurrency) => {
          const outputs: [source: number, index: number][] = [];
          const meter = new Meter();
          const result = await runPipeline(
            definePipeline('root', (builder) => {
              const join = builder.addTransform(
                async ([source, work]: [number, Work]): Promise<[number, number]> => {
                  await meter.during(() => wait(work));
                  return [source, work.index];
                },
                { name: 'join', concurrency },
              );
              for (const [source, turns] of sources.entries()) {
                const items = workOf(turns).map((work): [number, Work] => [source, work]);
                const from = builder.addSource(
                  async function* () {
                    for (const item of items) {
                      if (slow) await nextTurn();
                      yield item;
                    }
                  },
                  `source-${String(source)}`,
                );
                builder.connect(from, join);
              }
              builder.connect(
                join,
                builder.addSink((pair: [number, number]) => outputs.push(pair), 'sink'),
              );
            }),
          );

          for (const [source, turns] of sources.entries()) {
            expect(outputs.filter(([from]) => from === source).map(([, index]) => index)).toEqual(
              turns.map((_, index) => index),
            );
          }
          expectBalanced(result);
        },
      ),
      { numRuns: 40 },
    );
  });
});
