import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { runPipeline, StreamSinkNode } from 'heirline';
import {
  countsAt,
  definePipeline,
  delay,
  expectBalanced,
  gate,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
  throwAnything,
} from './support/harness.js';

/** Collects garbage; the flag that makes this possible is set when it is first needed. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
}

/** The megabytes of heap in use after garbage has been collected. */
function heapInUse(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1_048_576;
}

describe('a node with several outputs', () => {
  test('sends every item to each of them, the same object', async () => {
    const items = range(1, 50).map((id) => ({ id }));
    const left: unknown[] = [];
    const right: unknown[] = [];

    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        const source = builder.addSource(items, 'source');
        builder
          .connect(
            source,
            builder.addSink((item) => left.push(item), 'left'),
          )
          .connect(
            source,
            builder.addSink((item) => right.push(item), 'right'),
          );
      }),
    );

    expect(left).toHaveLength(50);
    expect(left.every((item, index) => item === items[index])).toBe(true);
    expect(right.every((item, index) => item === items[index])).toBe(true);
    expect(countsAt(result, 'parent/source')).toMatchObject({ in: 50, out: 50, emitted: 50 });
    expectBalanced(result);
  });

  for (const waiting of ['left', 'right'] as const) {
    test(`runs its branches side by side: the ${waiting} one may wait for what the other does`, async () => {
      const arrived = new Map(range(1, 5).map((item) => [item, gate()]));
      const done: string[] = [];
      const wait = async (item: number): Promise<void> => {
        await arrived.get(item)?.opened;
        done.push(`waited for ${String(item)}`);
      };
      const arrive = (item: number): void => {
        arrived.get(item)?.open();
      };

      await runPipeline(
        definePipeline('parent', (builder) => {
          const source = builder.addSource(range(1, 5), 'source');
          builder
            .connect(source, builder.addSink(waiting === 'left' ? wait : arrive, 'left'))
            .connect(source, builder.addSink(waiting === 'right' ? wait : arrive, 'right'));
        }),
      );

      expect(done).toHaveLength(5);
    });
  }

  test('completes with 100,000 items and two branches of very different speed, in flat memory', async () => {
    const total = 100_000;
    const heap: number[] = [];
    let fast = 0;
    let slow = 0;
    function* records() {
      for (const id of range(1, total)) {
        if (id === total / 10 || id === (total / 10) * 9) heap.push(heapInUse());
        yield { id, payload: Array.from({ length: 64 }, () => id) };
      }
    }

    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        const source = builder.addSource(() => records(), 'source');
        const quick = builder.addTransform((record: { id: number }) => record.id, {
          name: 'quick',
          from: source,
        });
        const late = builder.addTransform(
          async (record: { id: number }) => {
            await (record.id % 200 === 0 ? nextTurn() : Promise.resolve());
            return record.id;
          },
          { name: 'late', from: source, concurrency: 4 },
        );
        builder
          .connect(
            quick,
            builder.addSink(() => (fast += 1), 'fast'),
          )
          .connect(
            late,
            builder.addSink(() => (slow += 1), 'slow'),
          );
      }),
    );

    expect([fast, slow]).toEqual([total, total]);
    expectBalanced(result);
    const [early = 0, later = Number.POSITIVE_INFINITY] = heap;
    expect(later - early).toBeLessThan(20);
  });

  test('one of whose branches batches does not hold the other up', async () => {
    const seen: string[] = [];
    await runPipeline(
      definePipeline('parent', (builder) => {
        const source = builder.addSource(range(1, 5), 'source');
        const batch = builder.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            let batched: number[] = [];
            for await (const item of items) {
              batched.push(item);
              if (batched.length === 3) {
                yield batched;
                batched = [];
              }
            }
            yield batched;
          },
          { name: 'batch', from: source },
        );
        builder
          .connect(
            batch,
            builder.addSink((items: number[]) => seen.push(items.join('+')), 'batches'),
          )
          .connect(
            source,
            builder.addSink((item: number) => seen.push(String(item)), 'singles'),
          );
      }),
    );

    expect([...seen].sort()).toEqual(['1', '1+2+3', '2', '3', '4', '4+5', '5']);
  });

  test('one of whose branches fails ends the run, and the other is accounted for', async () => {
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource(range(1, 100), 'source');
      const broken = builder.addTransform(
        async (item: number) => {
          await nextTurn();
          return item === 3 ? throwAnything(new Error('three')) : item;
        },
        { name: 'broken', from: source },
      );
      const steady = builder.addTransform(
        async (item: number) => {
          await delay(1);
          return item;
        },
        { name: 'steady', from: source },
      );
      builder
        .connect(
          broken,
          builder.addSink(() => undefined, 'left'),
        )
        .connect(
          steady,
          builder.addSink(() => undefined, 'right'),
        );
    });

    const error = await rejectionOf(runPipeline(Parent));

    expect(error.path).toBe('parent/broken');
    expectBalanced(resultOf(error));
    expect(countsAt(resultOf(error), 'parent/steady').in).toBeLessThan(100);
  });

  test('may let the branches meet again: what joins them gets every item once from each', async () => {
    const outputs: string[] = [];
    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        const source = builder.addSource(range(1, 20), 'source');
        const plus = builder.addTransform((item: number) => `+${String(item)}`, {
          name: 'plus',
          from: source,
        });
        const minus = builder.addTransform((item: number) => Promise.resolve(`-${String(item)}`), {
          name: 'minus',
          from: source,
        });
        const join = builder.addTransform((item: string) => item, 'join');
        builder
          .connect(plus, join)
          .connect(minus, join)
          .connect(
            join,
            builder.addSink((item: string) => outputs.push(item), 'sink'),
          );
      }),
    );

    expect([...outputs].sort()).toEqual(
      range(1, 20)
        .flatMap((item) => [`+${String(item)}`, `-${String(item)}`])
        .sort(),
    );
    expect(countsAt(result, 'parent/join')).toMatchObject({ in: 40, out: 40 });
    expectBalanced(result);
  });
});

describe('a node with several inputs', () => {
  const slowly = (items: readonly number[]) =>
    async function* () {
      for (const item of items) {
        await nextTurn();
        yield item;
      }
    };

  test('gets all items of each, each once, and keeps the order of each', async () => {
    const outputs: number[] = [];
    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        const sink = builder.addSink((item: number) => outputs.push(item), 'sink');
        builder
          .connect(builder.addSource(slowly(range(1, 50)), 'low'), sink)
          .connect(builder.addSource(range(101, 200), 'high'), sink);
      }),
    );

    expect(outputs.filter((item) => item <= 100)).toEqual(range(1, 50));
    expect(outputs.filter((item) => item > 100)).toEqual(range(101, 200));
    expect(countsAt(result, 'parent/sink')).toMatchObject({ in: 150, out: 150 });
    expectBalanced(result);
  });

  test('with concurrency 1 is never called twice at once', async () => {
    let busy = 0;
    let most = 0;
    let written = 0;
    await runPipeline(
      definePipeline('parent', (builder) => {
        const join = builder.addTransform(async (item: number) => {
          busy += 1;
          most = Math.max(most, busy);
          await nextTurn();
          busy -= 1;
          return item;
        }, 'join');
        builder
          .connect(builder.addSource(slowly(range(1, 20)), 'one'), join)
          .connect(builder.addSource(range(21, 40), 'two'), join)
          .connect(builder.addSource(slowly(range(41, 60)), 'three'), join)
          .connect(
            join,
            builder.addSink(() => (written += 1), 'sink'),
          );
      }),
    );

    expect(most).toBe(1);
    expect(written).toBe(60);
  });

  test('a sink is never called twice at once either', async () => {
    let busy = 0;
    let most = 0;
    await runPipeline(
      definePipeline('parent', (builder) => {
        const source = builder.addSource(range(1, 20), 'source');
        const sink = builder.addSink(async () => {
          busy += 1;
          most = Math.max(most, busy);
          await nextTurn();
          busy -= 1;
        }, 'sink');
        for (const name of ['one', 'two', 'three']) {
          const branch = builder.addTransform((item: number) => Promise.resolve(item), {
            name,
            from: source,
          });
          builder.connect(branch, sink);
        }
      }),
    );

    expect(most).toBe(1);
  });

  test('a stream sink sees all of them in one stream', async () => {
    const seen: number[] = [];
    class Total extends StreamSinkNode<number> {
      override async consume(items: AsyncIterable<number>): Promise<void> {
        for await (const item of items) seen.push(item);
      }
    }
    await runPipeline(
      definePipeline('parent', (builder) => {
        const total = builder.addSink(Total, 'total');
        builder
          .connect(builder.addSource(slowly([1, 2, 3]), 'low'), total)
          .connect(builder.addSource(slowly([11, 12]), 'high'), total);
      }),
    );

    expect([...seen].sort((a, b) => a - b)).toEqual([1, 2, 3, 11, 12]);
  });
});

describe('order', () => {
  test('without concurrency and fan-out the next item is pulled when the last one has left', async () => {
    const log: string[] = [];
    await runPipeline(
      definePipeline('parent', (builder) => {
        const source = builder.addSource(function* () {
          for (const item of [1, 2]) {
            log.push(`pull ${String(item)}`);
            yield item;
          }
        }, 'source');
        const first = builder.addTransform(
          async (item: number) => {
            log.push(`first ${String(item)}`);
            await nextTurn();
            return item;
          },
          { name: 'first', from: source },
        );
        const second = builder.addTransform(
          (item: number) => {
            log.push(`second ${String(item)}`);
            return item;
          },
          { name: 'second', from: first },
        );
        builder.connect(
          second,
          builder.addSink(async (item: number) => {
            await nextTurn();
            log.push(`sink ${String(item)}`);
          }, 'sink'),
        );
      }),
    );

    expect(log).toEqual([
      ...['pull 1', 'first 1', 'second 1', 'sink 1'],
      ...['pull 2', 'first 2', 'second 2', 'sink 2'],
    ]);
  });

  test('with concurrency outputs keep the order of inputs, and no more than the given number run at once', async () => {
    let busy = 0;
    let most = 0;
    const outputs: number[] = [];
    await runPipeline(
      definePipeline('parent', (builder) => {
        const shuffle = builder.addTransform(
          async (item: number) => {
            busy += 1;
            most = Math.max(most, busy);
            await (item % 5 === 0 ? delay(4) : nextTurn());
            busy -= 1;
            return item;
          },
          { name: 'shuffle', from: builder.addSource(range(1, 60), 'source'), concurrency: 8 },
        );
        builder.connect(
          shuffle,
          builder.addSink((item: number) => outputs.push(item), 'sink'),
        );
      }),
    );

    expect(outputs).toEqual(range(1, 60));
    expect(most).toBe(8);
  });

  test('is given up where a node says so: what is ready first leaves first', async () => {
    const outputs: number[] = [];
    const release = gate();
    await runPipeline(
      definePipeline('parent', (builder) => {
        const hurry = builder.addTransform(
          async (item: number) => {
            if (item === 1) await release.opened;
            else await nextTurn();
            return item;
          },
          { name: 'hurry', from: builder.addSource([1, 2, 3], 'source'), concurrency: 3, ordered: false },
        );
        builder.connect(
          hurry,
          builder.addSink((item: number) => {
            outputs.push(item);
            if (outputs.length === 2) release.open();
          }, 'sink'),
        );
      }),
    );

    expect(outputs[2]).toBe(1);
    expect([...outputs].sort()).toEqual([1, 2, 3]);
  });
});
