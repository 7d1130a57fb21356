import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  MetricsObserver,
  PipelineRunner,
  SinkNode,
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
