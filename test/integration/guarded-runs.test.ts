import { describe, expect, test } from 'vitest';
import { circuitBreaker, errorPolicy, fixed, PipelineError, PipelineRunner, type RunResult } from 'heirline';
import { ManualClock } from 'heirline/testing';
import { definePipeline, expectBalanced, nextTurn, range } from './support/harness.js';

const CONCURRENT = 4;
const CHILDREN = 6;

/** Numbers from 0 to 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const seeds = [Date.now() % 100_000, 1, 2, 3, 4];

describe('fifty runs at once on one runner, cancelled at random moments', () => {
  test.each(seeds)(
    'with seed %i never make too many calls, and leave nobody and nothing behind',
    async (seed) => {
      const random = randomOf(seed);
      const clock = new ManualClock();
      const runner = new PipelineRunner({ clock, graceMs: 50 });
      const state = { calls: 0, mostCalls: 0, children: 0, mostChildren: 0 };
      const call = async (item: number): Promise<number> => {
        state.mostCalls = Math.max(state.mostCalls, (state.calls += 1));
        try {
          if (random() < 0.5) await nextTurn();
          if (random() < 0.3) throw new Error('down');
          return item;
        } finally {
          state.calls -= 1;
        }
      };
      const breaker = { ratio: 0.3, atLeast: 10, windowMs: 100, openMs: 20, whenOpen: 'wait' } as const;
      const Child = definePipeline<number, number>('Child', (builder) => {
        const enter = builder.addTransform(
          (item: number, context) => {
            state.mostChildren = Math.max(state.mostChildren, (state.children += 1));
            context.onDispose(() => (state.children -= 1));
            return item;
          },
          { name: 'enter', from: builder.addCompositeInput() },
        );
        const ask = builder.addTransform(call, {
          name: 'ask',
          from: enter,
          bulkhead: { concurrent: CONCURRENT, queue: Infinity },
          circuitBreaker: circuitBreaker(breaker),
          errorPolicy: errorPolicy({ then: { retry: { attempts: 3, delay: fixed(5), exhausted: 'skip' } } }),
        });
        builder.connect(ask, builder.addCompositeOutput());
      });
      const pipeline = definePipeline('load', (builder) => {
        const child = builder.addComposite(Child, {
          name: 'child',
          from: builder.addSource(() => range(1, 10), 'source'),
          concurrency: 3,
          output: 'optional',
          bulkhead: { concurrent: CHILDREN, queue: 2 },
          circuitBreaker: circuitBreaker({ threshold: 20, windowMs: 50, openMs: 10 }),
          errorPolicy: errorPolicy('skip'),
        });
        builder.addSink(async () => nextTurn(), {
          name: 'save',
          from: child,
          circuitBreaker: circuitBreaker({ ...breaker, ratio: 1 }),
          errorPolicy: errorPolicy('skip'),
        });
      });
      const controllers = range(1, 50).map(() => new AbortController());
      const runs = controllers.map(({ signal }) => runner.run(pipeline, { run: { signal } }));
      const ends = Promise.all(runs.map(endOf));
      let haveEnded = false;
      void ends.then(() => (haveEnded = true));
      for (let turn = 0; !haveEnded; turn += 1) {
        expect(turn).toBeLessThan(5000);
        const chosen = controllers[Math.floor(random() * controllers.length)];
        if (random() < 0.1) chosen?.abort();
        await clock.advance(1);
      }

      for (const result of await ends) expectBalanced(result);
      expect(state.mostCalls).toBeLessThanOrEqual(CONCURRENT);
      // More than one at a time in every schedule, though not in each of them as many as may be.
      expect(state.mostCalls).toBeGreaterThan(1);
      expect(state.mostChildren).toBe(CHILDREN);
      expect(state.calls).toBe(0);
      expect(clock.pending).toBe(0);
      // All places are free again.
      const last = runner.run(pipeline).then(
        () => 'ended',
        () => 'ended',
      );
      await clock.advance(10_000);
      expect(await last).toBe('ended');
      expect(clock.pending).toBe(0);
    },
  );
});

async function endOf(run: Promise<RunResult>): Promise<RunResult> {
  try {
    return await run;
  } catch (error) {
    if (error instanceof PipelineError && error.result !== undefined) return error.result;
    throw error;
  }
}
