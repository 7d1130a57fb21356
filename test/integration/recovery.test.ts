// What a policy makes of failed items beside leaving them out: waits that are told, fallbacks, and failures collected.

import { describe, expect, test } from 'vitest';
import {
  errorPolicy,
  fixed,
  PipelineRunner,
  runPipeline,
  SinkNode,
  SKIP,
  type ErrorPolicy,
  type PipelineContext,
} from 'heirline';
import { ManualClock, RecordingObserver } from 'heirline/testing';
import {
  aborted,
  countsAt,
  definePipeline,
  expectBalanced,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
} from './support/harness.js';

class Busy extends Error {}
class Stale extends Error {}

/** `source` → `node` under a policy → `sink`. */
function guarded<F = never>(
  policy: ErrorPolicy<F>,
  step: (item: number, context: PipelineContext) => number | Promise<number>,
  items: Iterable<number>,
  outputs: unknown[] = [],
  options: { readonly concurrency?: number; readonly timeoutMs?: number } = {},
) {
  return definePipeline('parent', (builder) => {
    const source = builder.addSource(items, 'source');
    const node = builder.addTransform(step, { name: 'node', from: source, errorPolicy: policy, ...options });
    builder.addSink((item) => outputs.push(item), { name: 'sink', from: node });
  });
}

/** A sub-pipeline of one transform `step`, under a policy. */
function child(step: (item: number) => number, policy?: ErrorPolicy) {
  return definePipeline<number, number>('child', (builder) => {
    const node = builder.addTransform(step, {
      name: 'step',
      from: builder.addCompositeInput(),
      errorPolicy: policy,
    });
    builder.connect(node, builder.addCompositeOutput());
  });
}

const oddsFail = (item: number): number => {
  if (item % 2 === 1) throw new RangeError(`odd ${item}`);
  return item;
};

/** Fails so many times, then gives the item. */
function failing(times: number, error: () => unknown = () => new Busy('later')) {
  let tries = 0;
  return (item: number): number => {
    tries += 1;
    if (tries <= times) throw error();
    return item;
  };
}

describe('a retry', () => {
  test('waits as a function says, which gets the number of the failed try and its error', async () => {
    const asked: unknown[] = [];
    const clock = new ManualClock(0);
    const delay = (attempt: number, error: unknown) => {
      asked.push([attempt, (error as Error).message]);
      return attempt * 1000;
    };
    const outputs: unknown[] = [];
    const policy = errorPolicy({ then: { retry: { attempts: 3, delay } } });
    const run = new PipelineRunner({ clock }).run(guarded(policy, failing(2), [7], outputs));

    await clock.advance(2999);
    expect(outputs).toEqual([]);
    await clock.advance(1);
    await run;

    expect(outputs).toEqual([7]);
    expect(asked).toEqual([
      [1, 'later'],
      [2, 'later'],
    ]);
  });

  test('that could not begin within its time is not waited for', async () => {
    const clock = new ManualClock(0);
    const retry = { attempts: 9, withinMs: 2500, delay: fixed(1000), exhausted: 'skip' } as const;
    const run = new PipelineRunner({ clock }).run(guarded(errorPolicy({ then: { retry } }), failing(9), [7]));
    await clock.advance(2000);

    expect(countsAt(await run, 'parent/node')).toMatchObject({ retried: 2, filtered: 1 });
    expect(clock.now()).toBe(2000);
  });

  test('first waits, then calls before, then tries', async () => {
    const steps: unknown[] = [];
    const clock = new ManualClock(0);
    const before = async (error: unknown, attempt: number, context: PipelineContext) => {
      steps.push([clock.now(), error instanceof Busy, attempt, context.currentNodeId]);
      await nextTurn();
      steps.push('refreshed');
    };
    const policy = errorPolicy({ then: { retry: { attempts: 3, delay: fixed(50), before } } });
    const step = failing(2, () => {
      steps.push('tried');
      return new Busy();
    });
    const run = new PipelineRunner({ clock }).run(guarded(policy, step, [7]));
    await clock.advance(50);
    await clock.advance(50);
    await run;

    expect(steps).toEqual([
      'tried',
      [50, true, 1, 'node'],
      'refreshed',
      'tried',
      [100, true, 2, 'node'],
      'refreshed',
    ]);
  });

  test('whose before throws ends; the rules behind are asked with that error, and the cause holds both', async () => {
    const before = () => Promise.reject(new Stale('no token'));
    const retry = { attempts: 3, before };
    const outputs: unknown[] = [];
    const skipped = errorPolicy(
      { on: Busy, then: { retry } },
      { on: Busy, then: 'fail' },
      { on: Stale, then: 'skip' },
    );
    const result = await runPipeline(guarded(skipped, failing(9), [7], outputs));
    expect(countsAt(result, 'parent/node')).toMatchObject({ retried: 1, filtered: 1 });

    const error = await rejectionOf(
      runPipeline(guarded(errorPolicy({ then: { retry } }), failing(9), [7], outputs)),
    );
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'parent/node' });
    expect(error.message).toContain("The node failed: later. Then 'before' of its retry failed: no token.");
    expect((error.cause as AggregateError).errors.map(String)).toEqual(['Error: later', 'Error: no token']);
  });

  test('in its wait ends with a cancel, whatever its policy says', async () => {
    const controller = new AbortController();
    const policy = errorPolicy({ then: { retry: { attempts: 9, delay: fixed(60_000), exhausted: 'skip' } } });
    const run = runPipeline(guarded(policy, failing(9), [7]), { signal: controller.signal });
    await nextTurn();
    controller.abort();
    const error = await rejectionOf(run);

    expect(error.code).toBe('RUN_CANCELLED');
    expect(countsAt(resultOf(error), 'parent/node')).toMatchObject({ in: 1, cancelled: 1 });
    expect(resultOf(error).failures).toEqual({ shown: [], total: 0 });
  });

  test('in its before ends with a cancel, and no try follows', async () => {
    const before = (_: unknown, __: number, context: PipelineContext) => {
      context.run.cancel();
      return aborted(context.signal);
    };
    const policy = errorPolicy({ then: { retry: { attempts: 9, before } } }, { then: 'skip' });
    const error = await rejectionOf(runPipeline(guarded(policy, failing(9), [7])));

    expect(error.code).toBe('RUN_CANCELLED');
    expect(countsAt(resultOf(error), 'parent/node')).toMatchObject({ in: 1, cancelled: 1, retried: 1 });
  });
});

describe('a fallback', () => {
  test.each([1, 4])('gives what leaves, or a promise of it; %i at once', async (concurrency) => {
    const outputs: unknown[] = [];
    const policy = errorPolicy({
      on: RangeError,
      then: { fallback: (item: number) => (item === 3 ? Promise.resolve('three') : `odd ${item}`) },
    });
    const observer = new RecordingObserver();
    const result = await runPipeline(guarded(policy, oddsFail, range(1, 5), outputs, { concurrency }), {
      executionObserver: observer,
    });

    expect(outputs).toEqual(['odd 1', 2, 'three', 4, 'odd 5']);
    expect(countsAt(result, 'parent/node')).toMatchObject({
      in: 5,
      out: 5,
      emitted: 5,
      recovered: 3,
      failed: 0,
    });
    expect(observer.events.filter(({ type }) => type === 'itemRecovered')).toHaveLength(3);
    expect(observer.events.filter(({ type }) => type === 'itemFailed')).toHaveLength(3);
    expect(result.failures.total).toBe(0);
    expectBalanced(result);
  });

  test('gets the item, what the node threw and the context, and may leave the item out', async () => {
    const seen: unknown[] = [];
    const outputs: unknown[] = [];
    const policy = errorPolicy({
      then: {
        retry: {
          attempts: 2,
          exhausted: {
            fallback(item, error, context) {
              seen.push(item, error, context.path, context.currentNodeId);
              return SKIP;
            },
          },
        },
      },
    });
    const busy = new Busy();
    const result = await runPipeline(
      guarded(
        policy,
        failing(9, () => busy),
        [7],
        outputs,
      ),
    );

    expect(seen).toEqual([7, busy, 'parent', 'node']);
    expect(outputs).toEqual([]);
    expect(countsAt(result, 'parent/node')).toMatchObject({ filtered: 1, recovered: 0, retried: 1 });
  });

  test('runs outside of timeoutMs, and after its limit', async () => {
    const outputs: unknown[] = [];
    const clock = new ManualClock(0);
    const policy = errorPolicy({
      on: 'NODE_TIMEOUT',
      then: {
        fallback: async (_item, _error, context) => {
          await nextTurn();
          return context.signal.aborted;
        },
      },
    });
    const run = new PipelineRunner({ clock }).run(
      guarded(policy, (_, { signal }) => aborted(signal).then(() => 0), [7], outputs, { timeoutMs: 100 }),
    );
    await clock.advance(100);
    await run;

    expect(outputs).toEqual([false]);
  });

  test('that fails goes to the next rule that takes its error; else the cause holds both', async () => {
    const letters: unknown[] = [];
    const fallback = () => {
      throw new Stale('nothing cached');
    };
    const policy = errorPolicy(
      { on: Busy, then: { fallback } },
      { on: Busy, then: 'skip' },
      { on: Stale, then: 'deadLetter' },
    );
    const result = await runPipeline(guarded(policy, failing(1), [7]), {
      deadLetterSink: { write: (letter) => letters.push(letter) },
    });
    expect(countsAt(result, 'parent/node')).toMatchObject({ deadLettered: 1, recovered: 0 });
    expect(letters).toHaveLength(1);

    const error = await rejectionOf(
      runPipeline(guarded(errorPolicy({ then: { fallback } }), failing(1), [7])),
    );
    expect(error.message).toContain('The node failed: later. Then its fallback failed: nothing cached.');
    expect((error.cause as AggregateError).errors.map(String)).toEqual([
      'Error: later',
      'Error: nothing cached',
    ]);
  });

  test('of a sink takes the item in its place, whatever it gives', async () => {
    const spare: unknown[] = [];
    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        builder.addSink(oddsFail, {
          name: 'sink',
          from: builder.addSource(range(1, 4), 'source'),
          errorPolicy: errorPolicy({
            then: {
              fallback: (item) => {
                spare.push(item);
                return SKIP;
              },
            },
          }),
        });
      }),
    );

    expect(spare).toEqual([1, 3]);
    expect(countsAt(result, 'parent/sink')).toMatchObject({ in: 4, out: 4, recovered: 2, filtered: 0 });
  });

  test.each(['one', 'many'] as const)('of a composite is one output under %s', async (output) => {
    const outputs: unknown[] = [];
    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        const composite = builder.addComposite(child(oddsFail), {
          name: 'composite',
          from: builder.addSource(range(1, 4), 'source'),
          output,
          errorPolicy: errorPolicy({ on: 'NODE_FAILED', then: { fallback: (item: number) => -item } }),
        });
        builder.addSink((item) => outputs.push(item), { name: 'sink', from: composite });
      }),
    );

    expect(outputs).toEqual([-1, 2, -3, 4]);
    expect(countsAt(result, 'parent/composite')).toMatchObject({ in: 4, out: 4, emitted: 4, recovered: 2 });
    expectBalanced(result);
  });

  test('that cannot answer because of a cancel is a cancel', async () => {
    const policy = errorPolicy(
      {
        then: {
          fallback: (_item, _error, context) => {
            context.run.cancel();
            throw new Error('stopped');
          },
        },
      },
      { then: 'skip' },
    );
    const error = await rejectionOf(runPipeline(guarded(policy, failing(9), [7])));

    expect(error.code).toBe('RUN_CANCELLED');
    expect(countsAt(resultOf(error), 'parent/node')).toMatchObject({ in: 1, cancelled: 1 });
  });
});

describe('collect', () => {
  test('goes on with the others, and fails the run at its end with all of them', async () => {
    const outputs: unknown[] = [];
    const error = await rejectionOf(
      runPipeline(guarded(errorPolicy('collect'), oddsFail, range(1, 5), outputs)),
    );
    const result = resultOf(error);

    expect(outputs).toEqual([2, 4]);
    expect(error).toMatchObject({ code: 'ITEMS_FAILED', path: 'parent' });
    expect(error.message).toContain("3 items failed, and the policy chose 'collect'");
    expect((error.cause as AggregateError).errors.map(String)).toEqual([
      'RangeError: odd 1',
      'RangeError: odd 3',
      'RangeError: odd 5',
    ]);
    expect(result.failures.total).toBe(3);
    expect(result.failures.shown[0]).toMatchObject({
      path: 'parent/node',
      code: 'NODE_FAILED',
      cause: { name: 'RangeError', message: 'odd 1' },
      at: expect.any(Number) as number,
    });
    expect(countsAt(result, 'parent/node')).toMatchObject({ in: 5, out: 2, failed: 3 });
    expectBalanced(result);
  });

  test('shows the first hundred, and counts all', async () => {
    const error = await rejectionOf(
      runPipeline(
        guarded(
          errorPolicy({ then: { retry: { attempts: 2, exhausted: 'collect' } } }),
          (item) => oddsFail(2 * item + 1),
          range(1, 250),
        ),
      ),
    );
    const { failures } = resultOf(error);

    expect(failures.total).toBe(250);
    expect(failures.shown).toHaveLength(100);
    expect(failures.shown[99]).toMatchObject({ attempts: 2 });
    expect(error.message).toContain('250 items failed');
    expect((error.cause as AggregateError).errors).toHaveLength(100);
  });

  test('has sinks flushed as failed, and the last events say so', async () => {
    const outcomes: string[] = [];
    const observer = new RecordingObserver();
    class Told extends SinkNode<number> {
      override write(): void {}
      override flush(_context: PipelineContext, outcome: string): void {
        outcomes.push(outcome);
      }
    }
    const Parent = definePipeline('parent', (builder) => {
      const node = builder.addTransform(oddsFail, {
        from: builder.addSource([1, 2], 'source'),
        errorPolicy: 'collect',
      });
      builder.addSink(Told, { name: 'sink', from: node });
    });
    const error = await rejectionOf(runPipeline(Parent, { executionObserver: observer }));

    expect(error.code).toBe('ITEMS_FAILED');
    expect(outcomes).toEqual(['failed']);
    expect(observer.events.at(-1)?.type).toBe('pipelineFailed');
  });

  test('in a child fails the child, and the policy of the composite decides', async () => {
    const outputs: unknown[] = [];
    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        const composite = builder.addComposite(child(oddsFail, errorPolicy('collect')), {
          name: 'composite',
          from: builder.addSource(range(1, 4), 'source'),
          errorPolicy: errorPolicy({ on: 'ITEMS_FAILED', then: 'skip' }),
        });
        builder.addSink((item) => outputs.push(item), { name: 'sink', from: composite });
      }),
    );

    expect(outputs).toEqual([2, 4]);
    expect(countsAt(result, 'parent/composite/step')).toMatchObject({ in: 4, out: 2, failed: 2 });
    expect(countsAt(result, 'parent/composite')).toMatchObject({ in: 4, out: 2, filtered: 2 });
    expect(result.failures.total).toBe(0);
    expectBalanced(result);
  });

  test('gives way to a failure that ends the run, and stays in its failures', async () => {
    const policy = errorPolicy({ on: RangeError, then: 'collect' });
    const step = (item: number) => {
      if (item === 4) throw new TypeError('broken');
      return oddsFail(item);
    };
    const error = await rejectionOf(runPipeline(guarded(policy, step, range(1, 9))));

    expect(error.cause).toBeInstanceOf(TypeError);
    expect(resultOf(error).failures.shown.map(({ cause }) => cause?.message)).toEqual([
      'odd 1',
      'odd 3',
      'broken',
    ]);
  });

  test('of an item that runs alone is its rejection', async () => {
    const error = await rejectionOf(new PipelineRunner().runItem(child(oddsFail, errorPolicy('collect')), 1));

    expect(error.code).toBe('ITEMS_FAILED');
  });
});

test('the failures of a run that succeeds are none', async () => {
  expect((await runPipeline(guarded(errorPolicy('skip'), oddsFail, [1, 2]))).failures).toEqual({
    shown: [],
    total: 0,
  });
});
