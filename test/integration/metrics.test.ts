import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  MetricsObserver,
  PipelineRunner,
  SKIP,
  SinkNode,
  StreamSinkNode,
  errorPolicy,
  fixed,
  type Clock,
  type ExecutionObserver,
  type NodeMeasured,
} from 'heirline';
import { ManualClock } from 'heirline/testing';
import { definePipeline, outcomeOf, range } from './support/harness.js';

/** A clock that goes on when somebody works, and rings no timer. */
class WorkClock implements Clock {
  #nowMs = 0;

  now(): number {
    return this.#nowMs;
  }

  work(ms: number): void {
    this.#nowMs += ms;
  }

  setTimeout(): undefined {
    return undefined;
  }

  clearTimeout(): void {
    // There is none.
  }
}

/** Keeps calls waiting until it is opened. */
class Gate {
  open: () => void = () => undefined;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

const Step = definePipeline<number, number>('step', (builder) => {
  const keep = builder.addTransform((item: number) => item, {
    name: 'keep',
    from: builder.addCompositeInput(),
  });
  builder.addCompositeOutput({ from: keep });
});

/** Nine items through a child, each in an execution of its own. */
const nested = (inherits: boolean) =>
  definePipeline('root', (builder) => {
    const child = builder.addComposite(Step, {
      name: 'child',
      from: builder.addSource(range(1, 9), 'numbers'),
      contextConfiguration: { inheritExecutionObserver: inherits },
    });
    builder.addSink(() => undefined, { name: 'sink', from: child });
  });

describe('the metrics of a node', () => {
  test('hold the counts of the result, exactly, for children and generated code too', async () => {
    for (const codeGeneration of [false as const, { after: 0 }]) {
      const metrics = new MetricsObserver();
      const runner = new PipelineRunner({ executionObserver: metrics, codeGeneration });
      const { nodes } = await runner.run(nested(true));

      const counts = Object.entries(metrics.snapshot()).map(([path, node]) => [path, node.counts]);
      expect(new Map(counts as [string, unknown][])).toEqual(nodes);
      expect(metrics.snapshot()['root/child/keep']).toMatchObject({
        counts: { in: 9, out: 9 },
        latency: { sampled: 9 },
        inFlight: 0,
        queued: 0,
      });
    }
  });

  test('are not made of a child that does not inherit the observer', async () => {
    const metrics = new MetricsObserver();
    await new PipelineRunner({ executionObserver: metrics }).run(nested(false));

    expect(Object.keys(metrics.snapshot())).toEqual(['root/numbers', 'root/child', 'root/sink']);
  });

  test('say how long its calls took, and how long it had none', async () => {
    const clock = new WorkClock();
    const metrics = new MetricsObserver();
    const pipeline = definePipeline('root', (builder) => {
      const slow = builder.addTransform(
        (item: number) => {
          clock.work(item);
          return item;
        },
        { name: 'slow', from: builder.addSource(range(1, 100), 'numbers') },
      );
      builder.addSink(
        () => {
          clock.work(1);
        },
        { name: 'sink', from: slow },
      );
    });
    await new PipelineRunner({ executionObserver: metrics, clock }).run(pipeline);

    const { 'root/slow': slow, 'root/sink': sink } = metrics.snapshot();
    expect(slow).toMatchObject({ busyMs: 5050, waitingMs: 100, blockedMs: 0 });
    expect(slow?.latency).toEqual({ p50: 50, p95: 95, p99: 99, sampled: 100 });
    expect(slow?.perSecond).toBeCloseTo(100 / 5.15, 3);
    expect(sink).toMatchObject({ busyMs: 100, waitingMs: 5050, latency: { p50: 1, p99: 1 } });
  });

  test('of a stream transform say how long it worked for each output, without what it waited for', async () => {
    const clock = new WorkClock();
    const metrics = new MetricsObserver();
    const pipeline = definePipeline('root', (builder) => {
      const read = builder.addSource(function* () {
        for (const item of range(1, 20)) {
          clock.work(100);
          yield item;
        }
      }, 'numbers');
      const pairs = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>) {
          let sum = 0;
          for await (const item of items) {
            clock.work(3);
            sum += item;
            if (item % 2 === 0) yield sum;
          }
          clock.work(4);
        },
        { name: 'pairs', from: read },
      );
      const collected = builder.addStreamTransform(
        async (items: AsyncIterable<number>) => {
          const all: number[] = [];
          for await (const item of items) {
            clock.work(1);
            all.push(item);
          }
          clock.work(7);
          return all;
        },
        { name: 'collected', from: pairs },
      );
      builder.addSink(
        () => {
          clock.work(1000);
        },
        { name: 'sink', from: collected },
      );
    });
    await new PipelineRunner({ executionObserver: metrics, clock }).run(pipeline);

    const { 'root/pairs': pairs, 'root/collected': collected, 'root/numbers': numbers } = metrics.snapshot();
    expect(numbers).toMatchObject({ busyMs: 2000 });
    expect(pairs).toMatchObject({ busyMs: 64, latency: { p50: 6, sampled: 11 } });
    expect(pairs?.waitingMs).toBeGreaterThan(2000);
    expect(collected).toMatchObject({ busyMs: 17, latency: { p99: 17 } });
  });

  test('of a stream sink say how long it worked on each item, and at the end', async () => {
    const clock = new WorkClock();
    const metrics = new MetricsObserver();
    const pipeline = definePipeline('root', (builder) => {
      class Bulk extends StreamSinkNode<number> {
        async consume(items: AsyncIterable<number>) {
          for await (const item of items) {
            await turn();
            clock.work(item);
          }
          await turn();
          clock.work(40);
        }
      }
      const read = builder.addSource(function* () {
        for (const item of range(1, 9)) {
          clock.work(100);
          yield item;
        }
      }, 'numbers');
      builder.addSink(Bulk, { name: 'bulk', from: read });
    });
    await new PipelineRunner({ executionObserver: metrics, clock }).run(pipeline);

    expect(metrics.snapshot()['root/bulk']).toMatchObject({
      busyMs: 85,
      waitingMs: 900,
      latency: { p50: 5, p99: 40, sampled: 10 },
    });
  });

  test('of a composite say how long its children worked, for an item or a stream, without the nodes behind', async () => {
    const clock = new WorkClock();
    const metrics = new MetricsObserver();
    const Slow = definePipeline<number, number>('slow', (builder) => {
      const work = builder.addTransform(
        async (item: number) => {
          await turn();
          clock.work(item);
          return item;
        },
        { name: 'work', from: builder.addCompositeInput() },
      );
      builder.connect(work, builder.addCompositeOutput());
    });
    const pipeline = definePipeline('root', (builder) => {
      const item = builder.addComposite(Slow, {
        name: 'item',
        from: builder.addSource(range(1, 9), 'numbers'),
      });
      const stream = builder.addComposite(Slow, { name: 'stream', from: item, granularity: 'stream' });
      builder.addSink(
        async () => {
          await turn();
          clock.work(100);
        },
        { name: 'sink', from: stream },
      );
    });
    await new PipelineRunner({ executionObserver: metrics, clock }).run(pipeline);

    const expected = { busyMs: 45, latency: { p50: 5, sampled: 9 } };
    expect(metrics.snapshot()).toMatchObject({
      'root/item': expected,
      'root/item/work': expected,
      'root/stream': expected,
      'root/stream/work': expected,
      'root/sink': { busyMs: 900 },
    });
  });

  test('of a node in children are as exact where few children call it', async () => {
    const clock = new WorkClock();
    const metrics = new MetricsObserver();
    const Some = definePipeline<number, number>('some', (builder) => {
      const tenth = builder.addTransform((item: number) => (item % 10 === 0 ? item : SKIP), {
        name: 'tenth',
        from: builder.addCompositeInput(),
      });
      const work = builder.addTransform(
        (item: number) => {
          // So fast that few children are timed.
          clock.work(1e-4);
          return item;
        },
        { name: 'work', from: tenth },
      );
      builder.connect(work, builder.addCompositeOutput());
    });
    const pipeline = definePipeline('root', (builder) => {
      const some = builder.addComposite(Some, {
        name: 'some',
        from: builder.addSource(range(1, 20_000), 'numbers'),
        output: 'optional',
      });
      builder.addSink(() => undefined, { name: 'sink', from: some });
    });
    await new PipelineRunner({ executionObserver: metrics, clock }).run(pipeline);

    const { busyMs, counts, latency } = metrics.snapshot()['root/some/work'] ?? {};
    expect(counts?.in).toBe(2000);
    expect(latency?.sampled).toBeLessThan(1000);
    expect(busyMs).toBeCloseTo(2000 * 1e-4, 3);
  });

  test('count time until a promise has settled, also where it is rejected', async () => {
    const clock = new WorkClock();
    const metrics = new MetricsObserver();
    const pipeline = definePipeline('root', (builder) => {
      const wait = async (item: number): Promise<void> => {
        await turn();
        clock.work(10);
        if (item === 2) throw new Error('no');
      };
      const from = builder.addSource([1, 2, 3], 'numbers');
      builder.addSink(wait, { name: 'sink', from, errorPolicy: 'skip' });
    });
    await new PipelineRunner({ executionObserver: metrics, clock }).run(pipeline);

    expect(metrics.snapshot()['root/sink']).toMatchObject({
      counts: { in: 3, out: 2, filtered: 1 },
      busyMs: 30,
      latency: { p50: 10, sampled: 3 },
    });
  });

  test('of a node that works on several items tell results that wait for their turn', async () => {
    const clock = new WorkClock();
    const metrics = new MetricsObserver();
    const pipeline = definePipeline('root', (builder) => {
      const wait = async (item: number): Promise<number> => {
        if (item === 2) return item;
        await turn();
        clock.work(10);
        return item;
      };
      const from = builder.addSource([1, 2], 'numbers');
      builder.addSink(() => undefined, {
        name: 'sink',
        from: builder.addTransform(wait, { name: 'wait', from, concurrency: 2 }),
      });
    });
    await new PipelineRunner({ executionObserver: metrics, clock }).run(pipeline);

    expect(metrics.snapshot()['root/wait']).toMatchObject({ busyMs: 10, blockedMs: 10, waitingMs: 0 });
  });

  test('add up over runs, until they are reset', async () => {
    const metrics = new MetricsObserver();
    const runner = new PipelineRunner({ executionObserver: metrics });
    await runner.run(nested(true));
    await runner.run(nested(true));

    expect(metrics.snapshot()['root/sink']).toMatchObject({ counts: { in: 18 }, latency: { sampled: 18 } });
    metrics.reset();
    expect(metrics.snapshot()).toEqual({});
  });

  test('time a sample of the calls where there are many', async () => {
    const metrics = new MetricsObserver();
    const pipeline = definePipeline('root', (builder) => {
      builder.addSink(() => undefined, {
        name: 'sink',
        from: builder.addSource(range(1, 100_000), 'numbers'),
      });
    });
    await new PipelineRunner({ executionObserver: metrics }).run(pipeline);

    const { counts, latency } = metrics.snapshot()['root/sink'] ?? {};
    expect(counts).toMatchObject({ in: 100_000 });
    expect(latency?.sampled).toBeGreaterThanOrEqual(256);
    expect(latency?.sampled).toBeLessThan(20_000);
  });

  test('of a sink leave its flush alone: once per instance, in the sink itself', async () => {
    const flushed: unknown[] = [];
    class Sink extends SinkNode<number> {
      write(): void {
        // Nothing to do.
      }
      override flush(): void {
        flushed.push(this);
      }
    }
    const sink = new Sink();
    const pipeline = definePipeline('root', (builder) => {
      const from = builder.addSource([1], 'numbers');
      builder.addSink(sink, { name: 'one', from });
      builder.addSink(sink, { name: 'other', from });
    });
    await new PipelineRunner({ executionObserver: new MetricsObserver() }).run(pipeline);

    expect(flushed).toEqual([sink]);
    expect(flushed[0]).toBe(sink);
  });
});

describe('measurements of a run that goes on', () => {
  /** Keeps the measurements of one node. */
  const measuredAt = (path: string, events: NodeMeasured[]): ExecutionObserver => ({
    nodeMeasured: (event) => {
      if (event.path === path) events.push(event);
    },
  });

  test('come every 250 ms on the clock of the runner, and once at the end', async () => {
    const clock = new ManualClock();
    const startsAt = clock.now();
    const events: NodeMeasured[] = [];
    const metrics = new MetricsObserver();
    const gate = new Gate();
    const pipeline = definePipeline('root', (builder) => {
      const from = builder.addSource([1, 2, 3], 'numbers');
      builder.addSink(() => gate.opened, { name: 'sink', from, concurrency: 2 });
    });
    const observe = measuredAt('root/sink', events);
    const runner = new PipelineRunner({ executionObserver: observe, clock });
    const run = runner.run(pipeline);
    await turn();
    await clock.advance(249);
    expect(events).toHaveLength(0);
    await clock.advance(1);
    expect(events).toMatchObject([
      { counts: { in: 2, out: 0, cancelled: 0 }, inFlight: 2, queued: 0, isLast: false, latency: undefined },
    ]);
    metrics.nodeMeasured(events[0] as NodeMeasured);
    expect(metrics.snapshot()['root/sink']).toMatchObject({ inFlight: 2, counts: { in: 2 } });
    gate.open();
    await run;

    expect(events).toMatchObject([
      { isLast: false },
      { isLast: true, at: startsAt + 250, counts: { in: 3, out: 3 }, inFlight: 0, latency: { p50: 250 } },
    ]);
    expect(Object.isFrozen(events[1])).toBe(true);
  });

  test('tell items that wait for their call', async () => {
    const clock = new ManualClock();
    const events: NodeMeasured[] = [];
    const pipeline = definePipeline('root', (builder) => {
      const fail = (): never => {
        throw new Error('no');
      };
      builder.addSink(fail, {
        name: 'sink',
        from: builder.addSource([1], 'numbers'),
        errorPolicy: errorPolicy({ then: { retry: { attempts: 2, delay: fixed(1000), exhausted: 'skip' } } }),
      });
    });
    const runner = new PipelineRunner({ executionObserver: measuredAt('root/sink', events), clock });
    const run = runner.run(pipeline);
    await turn();
    await clock.advance(1000);
    await run;

    expect(events[0]).toMatchObject({ queued: 1, inFlight: 0, counts: { in: 1, retried: 1 } });
    expect(events.at(-1)).toMatchObject({ queued: 0, inFlight: 0, counts: { filtered: 1 }, isLast: true });
  });

  test('end with the counts of the result where the run fails', async () => {
    const events: NodeMeasured[] = [];
    const pipeline = definePipeline('root', (builder) => {
      const fail = (item: number): void => {
        if (item === 3) throw new Error('no');
      };
      builder.addSink(fail, { name: 'sink', from: builder.addSource([1, 2, 3, 4], 'numbers') });
    });
    const runner = new PipelineRunner({ executionObserver: measuredAt('root/sink', events) });
    const { result } = await outcomeOf(runner.run(pipeline));

    expect(events).toHaveLength(1);
    expect(events[0]?.counts).toEqual(result.nodes.get('root/sink'));
  });
});
