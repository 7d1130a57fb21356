// A composite with several outputs per item, and all that stands around its children: policy, breaker, bulkhead, limit.

import { describe, expect, test } from 'vitest';
import { circuitBreaker, errorPolicy, fixed, PipelineRunner, type PipelineContext } from 'heirline';
import { ManualClock } from 'heirline/testing';
import {
  countsAt,
  definePipeline,
  expectBalanced,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
} from './support/harness.js';

class Down extends Error {}

/** What the child does after its first output of an item: goes on, fails, or stalls until its limit. */
type Then = 'go on' | 'fail' | 'stall';

/** A child that gives `item` and `-item`; notes how many children are under way at once. */
function pairs(then: (item: number, attempt: number) => Then) {
  const state = { now: 0, most: 0, tries: new Map<number, number>() };
  async function* give(item: number, context: PipelineContext) {
    const attempt = (state.tries.get(item) ?? 0) + 1;
    state.tries.set(item, attempt);
    state.now += 1;
    state.most = Math.max(state.most, state.now);
    try {
      yield item;
      await nextTurn();
      const what = then(item, attempt);
      if (what === 'fail') throw new Down(`down for ${item}`);
      if (what === 'stall')
        await new Promise((_resolve, reject) => {
          context.signal.addEventListener('abort', () => {
            reject(context.signal.reason as Error);
          });
        });
      yield -item;
    } finally {
      state.now -= 1;
    }
  }
  const Child = definePipeline<number, number>('pairs', (builder) => {
    const both = builder.addStreamTransform(
      async function* (items: AsyncIterable<number>, context) {
        for await (const item of items) yield* give(item, context);
      },
      { name: 'both', from: builder.addCompositeInput() },
    );
    builder.connect(both, builder.addCompositeOutput());
  });
  return { Child, state };
}

const bothOf = (items: readonly number[]): number[] => items.flatMap((item) => [item, -item]);

describe('a guarded composite with many outputs that may try again', () => {
  test('gives the outputs of each item once and in order, however often its child failed or was too slow', async () => {
    const { Child, state } = pairs((item, attempt) => {
      if (attempt > 1) return 'go on';
      return item % 3 === 0 ? 'fail' : item % 4 === 0 ? 'stall' : 'go on';
    });
    const taken: number[] = [];
    const Root = definePipeline('root', (builder) => {
      const pair = builder.addComposite(Child, {
        name: 'pair',
        from: builder.addSource(range(1, 12)),
        output: 'many',
        concurrency: 6,
        timeoutMs: 60,
        bulkhead: { concurrent: 2, queue: Infinity },
        circuitBreaker: circuitBreaker({ threshold: 100, windowMs: 60_000, openMs: 60_000 }),
        errorPolicy: errorPolicy({ then: { retry: { attempts: 2, delay: fixed(1) } } }),
      });
      builder.addSink((item) => taken.push(item), { from: pair });
    });
    const result = await new PipelineRunner().run(Root);
    expect(taken).toEqual(bothOf(range(1, 12)));
    // 3, 6, 9 and 12 fail once, 4 and 8 are too slow once.
    expect(countsAt(result, 'root/pair')).toMatchObject({
      in: 12,
      out: 12,
      emitted: 24,
      retried: 6,
      failed: 0,
    });
    expect(state.most).toBe(2);
    expectBalanced(result);
  });

  test('holds items while its circuit is open, and gives no output of a try that failed', async () => {
    const clock = new ManualClock();
    let isDown = true;
    const { Child, state } = pairs(() => (isDown ? 'fail' : 'go on'));
    const taken: number[] = [];
    const Root = definePipeline('root', (builder) => {
      const pair = builder.addComposite(Child, {
        name: 'pair',
        from: builder.addSource([1, 2, 3]),
        output: 'many',
        circuitBreaker: circuitBreaker({
          threshold: 2,
          windowMs: 60_000,
          openMs: 5_000,
          whenOpen: 'wait',
        }),
        errorPolicy: errorPolicy({ then: { retry: { attempts: Infinity } } }),
      });
      builder.addSink((item) => taken.push(item), { from: pair });
    });
    const runner = new PipelineRunner({ clock });
    const running = runner.run(Root);
    for (let turn = 0; turn < 20; turn += 1) await nextTurn();
    expect(runner.circuits()).toMatchObject([{ path: 'root/pair', state: 'open' }]);
    expect([state.tries.get(1), taken]).toEqual([2, []]);

    isDown = false;
    await clock.advance(5_000);
    const result = await running;
    expect(taken).toEqual(bothOf([1, 2, 3]));
    expect(runner.circuits()).toMatchObject([{ state: 'closed' }]);
    expect(countsAt(result, 'root/pair')).toMatchObject({ in: 3, out: 3, emitted: 6, retried: 2 });
  });
});

describe('a guarded composite with many outputs that fails at once', () => {
  const live = (then: (item: number) => Then, sink: (item: number) => unknown) => {
    const { Child, state } = pairs(then);
    const Root = definePipeline('root', (builder) => {
      const pair = builder.addComposite(Child, {
        name: 'pair',
        from: builder.addSource([1, 2, 3]),
        output: 'many',
        timeoutMs: 60,
        bulkhead: { concurrent: 1 },
        circuitBreaker: circuitBreaker({ threshold: 1, windowMs: 60_000, openMs: 60_000 }),
      });
      builder.addSink(sink, { name: 'sink', from: pair });
    });
    return { Root, state };
  };

  test('gives outputs as they come; its limit stands still while a later node has one', async () => {
    const taken: number[] = [];
    const { Root } = live(
      () => 'go on',
      async (item) => {
        if (item === 1) await new Promise((resolve) => setTimeout(resolve, 150));
        taken.push(item);
      },
    );
    const runner = new PipelineRunner();
    await runner.run(Root);
    expect(taken).toEqual(bothOf([1, 2, 3]));
    expect(runner.circuits()).toMatchObject([{ state: 'closed' }]);
  });

  test.each<[Then, string]>([
    ['fail', 'NODE_FAILED'],
    ['stall', 'NODE_TIMEOUT'],
  ])('counts a child that does not go on (%s) for its circuit, and frees its place', async (then, code) => {
    const taken: number[] = [];
    const { Root, state } = live(
      (item) => (item === 2 ? then : 'go on'),
      (item) => taken.push(item),
    );
    const runner = new PipelineRunner();
    const error = await rejectionOf(runner.run(Root));
    expect(error.code).toBe(code);
    // The outputs before the failure have left.
    expect(taken).toEqual([1, -1, 2]);
    expect(runner.circuits()).toMatchObject([{ state: 'open' }]);
    expect(countsAt(resultOf(error), 'root/pair')).toMatchObject({ in: 2, out: 1, failed: 1, emitted: 3 });
    expectBalanced(resultOf(error));
    expect((await rejectionOf(runner.run(Root))).code).toBe('CIRCUIT_OPEN');
    expect(state.now).toBe(0);
  });
});
