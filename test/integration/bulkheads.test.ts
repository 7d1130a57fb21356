import { describe, expect, test } from 'vitest';
import {
  circuitBreaker,
  errorPolicy,
  fixed,
  PipelineRunner,
  type BulkheadOptions,
  type NodeOptions,
  type PipelineContext,
} from 'heirline';
import { ManualClock } from 'heirline/testing';
import { countsAt, definePipeline, nextTurn, rejectionOf } from './support/harness.js';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Calls that end when they are told to; notes how many were under way at once. */
function slowCalls() {
  const ends: (() => void)[] = [];
  const state = { now: 0, most: 0, started: [] as number[] };
  const call = async (item: number): Promise<number> => {
    state.now += 1;
    state.started.push(item);
    state.most = Math.max(state.most, state.now);
    await new Promise<void>((resolve) => ends.push(resolve));
    state.now -= 1;
    return item;
  };
  const endAll = async (): Promise<void> => {
    for (let idle = 0; idle < 20; idle += 1) {
      if (ends.length > 0) idle = 0;
      ends.shift()?.();
      await nextTurn();
    }
  };
  return { state, call, endAll };
}

function load(
  items: Iterable<number>,
  call: (item: number, context: PipelineContext) => unknown,
  bulkhead: BulkheadOptions,
  options: NodeOptions = {},
) {
  return definePipeline('load', (builder) => {
    builder.addSink(call, {
      name: 'call',
      from: builder.addSource(() => items, 'source'),
      bulkhead,
      ...options,
    });
  });
}

describe('a bulkhead', () => {
  test('holds back items of all runs of a runner, first come first served', async () => {
    const { state, call, endAll } = slowCalls();
    const runner = new PipelineRunner();
    const pipeline = load(numbers(5), call, { concurrent: 3, queue: Infinity }, { concurrency: 5 });
    const running = Promise.all([runner.run(pipeline), runner.run(pipeline)]);
    await endAll();
    const results = await running;

    expect(state.most).toBe(3);
    expect(state.started).toEqual([1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
    expect(results.map((result) => countsAt(result, 'load/call').out)).toEqual([5, 5]);
  });

  test('refuses with BULKHEAD_FULL, which a policy may retry', async () => {
    const state = { now: 0, most: 0 };
    const call = async (): Promise<void> => {
      state.most = Math.max(state.most, (state.now += 1));
      await nextTurn();
      state.now -= 1;
    };
    const runner = new PipelineRunner();
    const result = await runner.run(
      load(
        numbers(4),
        call,
        { concurrent: 1, queue: 1 },
        {
          concurrency: 4,
          errorPolicy: errorPolicy({
            on: 'BULKHEAD_FULL',
            then: { retry: { attempts: 1000, delay: fixed(1) } },
          }),
        },
      ),
    );

    expect(state.most).toBe(1);
    expect(countsAt(result, 'load/call').out).toBe(4);
    expect(countsAt(result, 'load/call').retried).toBeGreaterThan(0);
  });

  test('fails an item that finds no place, with a remedy', async () => {
    const { call, endAll } = slowCalls();
    const running = rejectionOf(
      new PipelineRunner().run(load(numbers(2), call, { concurrent: 1 }, { concurrency: 2 })),
    );
    await endAll();
    const error = await running;

    expect(error).toMatchObject({ code: 'BULKHEAD_FULL', path: 'load/call' });
    expect(error.message).toMatch(/Raise 'queue'/);
  });

  test('counts the children of a composite, across runs', async () => {
    const { state, call, endAll } = slowCalls();
    const Child = definePipeline<number, number>('Child', (builder) => {
      const node = builder.addTransform(call, { name: 'node', from: builder.addCompositeInput() });
      builder.connect(node, builder.addCompositeOutput());
    });
    const pipeline = definePipeline('orders', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource(() => numbers(4)),
        concurrency: 4,
        bulkhead: { concurrent: 2, queue: 100 },
      });
      builder.addSink(() => undefined, { name: 'save', from: child });
    });
    const runner = new PipelineRunner();
    const running = Promise.all([runner.run(pipeline), runner.run(pipeline)]);
    await endAll();
    const results = await running;

    expect(state.most).toBe(2);
    expect(results.map((result) => countsAt(result, 'orders/save').out)).toEqual([4, 4]);
  });

  test('keeps the place of a call that outlives its limit until the call ends', async () => {
    const clock = new ManualClock();
    const { state, call, endAll } = slowCalls();
    const runner = new PipelineRunner({ clock });
    const running = runner.run(
      load(
        numbers(2),
        call,
        { concurrent: 1, queue: 1 },
        { timeoutMs: 100, errorPolicy: errorPolicy('skip') },
      ),
    );
    await clock.advance(100);
    expect(state.started).toEqual([1]);
    await endAll();
    const result = await running;

    expect(state.started).toEqual([1, 2]);
    expect(countsAt(result, 'load/call')).toMatchObject({ filtered: 1, out: 1 });
  });

  test('gets the place of a call that never ends back with the end of its run', async () => {
    const runner = new PipelineRunner({ graceMs: 20 });
    const hangs = (): Promise<never> => new Promise(() => undefined);
    const limited = load([1], hangs, { concurrent: 1 }, { timeoutMs: 5, errorPolicy: errorPolicy('skip') });
    await runner.run(limited);
    const again = await runner.run(limited);
    expect(countsAt(again, 'load/call').filtered).toBe(1);
    const endless = load([1], hangs, { concurrent: 1 });
    for (let round = 0; round < 2; round += 1) {
      const controller = new AbortController();
      const error = rejectionOf(runner.run(endless, { run: { signal: controller.signal } }));
      await nextTurn();
      controller.abort();
      expect((await error).code).toBe('RUN_CANCELLED');
    }
  });

  test('asks the breaker anew for items that waited in its line while the circuit opened', async () => {
    const clock = new ManualClock();
    const runner = new PipelineRunner({ clock });
    const called: number[] = [];
    const fails = async (item: number): Promise<never> => {
      called.push(item);
      await nextTurn();
      throw new Error('down');
    };
    const result = await runner.run(
      load(
        numbers(10),
        fails,
        { concurrent: 1, queue: 100 },
        {
          concurrency: 10,
          circuitBreaker: circuitBreaker({ threshold: 2, windowMs: 1000, openMs: 1000 }),
          errorPolicy: errorPolicy('skip'),
        },
      ),
    );

    expect(called).toEqual([1, 2]);
    expect(countsAt(result, 'load/call').filtered).toBe(10);
  });
});
