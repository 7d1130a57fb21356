import { describe, expect, test } from 'vitest';
import type { PipelineContext } from 'heirline';
import {
  buildPipeline,
  circuitBreaker,
  CircuitOpenError,
  errorPolicy,
  fixed,
  MemoryDeadLetterSink,
  PipelineRunner,
  PipelineValidationError,
  type DefinitionContext,
  type PipelineBuilder,
  type CircuitChanged,
  type ItemCompositeOptions,
  type NodeOptions,
} from 'heirline';
import { ManualClock } from 'heirline/testing';
import {
  countsAt,
  definePipeline,
  defineStep,
  errorOf,
  expectBalanced,
  rejectionOf,
} from './support/harness.js';

class Unavailable extends Error {}

const THREE = { threshold: 3, windowMs: 10_000, openMs: 1000 } as const;

/** A service that fails while it is down, and remembers who called. */
function service() {
  const state = { isDown: true, calls: [] as number[] };
  const call = (item: number): number => {
    state.calls.push(item);
    if (state.isDown) throw new Unavailable('down');
    return item;
  };
  return { state, call };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** A pipeline `load` of one node `call`. */
function load(
  items: Iterable<number> | AsyncIterable<number>,
  call: (item: number, context: PipelineContext) => unknown,
  options: NodeOptions,
) {
  return definePipeline('load', (builder) => {
    builder.addSink(call, {
      name: 'call',
      from: builder.addSource(() => items, 'source'),
      ...options,
    });
  });
}

describe('a circuit breaker', () => {
  test('opens at the threshold, and refuses without calling the node from then on', async () => {
    const { state, call } = service();
    const clock = new ManualClock();
    const deadLetterSink = new MemoryDeadLetterSink();
    const runner = new PipelineRunner({ clock, deadLetterSink });
    const result = await runner.run(
      load(numbers(6), call, {
        circuitBreaker: circuitBreaker(THREE),
        errorPolicy: errorPolicy('deadLetter'),
      }),
    );

    expect(state.calls).toEqual([1, 2, 3]);
    expect(countsAt(result, 'load/call')).toMatchObject({ in: 6, deadLettered: 6 });
    expect(deadLetterSink.envelopes.map(({ error }) => error.code)).toEqual([
      ...Array<string>(3).fill('NODE_FAILED'),
      ...Array<string>(3).fill('CIRCUIT_OPEN'),
    ]);
    expect(runner.circuits()).toEqual([{ path: 'load/call', state: 'open', openUntil: clock.now() + 1000 }]);
    expect(clock.pending).toBe(0);
  });

  test('fails a run with a CircuitOpenError that says when the next call may come', async () => {
    const { call } = service();
    const clock = new ManualClock();
    const runner = new PipelineRunner({ clock });
    const pipeline = load(numbers(1), call, { circuitBreaker: circuitBreaker({ ...THREE, threshold: 1 }) });
    await rejectionOf(runner.run(pipeline));
    await clock.advance(400);
    const error = await rejectionOf(runner.run(pipeline));

    expect(error).toBeInstanceOf(CircuitOpenError);
    expect(error).toMatchObject({
      code: 'CIRCUIT_OPEN',
      path: 'load/call',
      retryAfterMs: 600,
      name: 'CircuitOpenError',
    });
    expect(error.message).toContain('600 ms');
  });

  test('is shared by the runs of a runner, half opens with the first call after its time, and closes', async () => {
    const { state, call } = service();
    const clock = new ManualClock();
    const runner = new PipelineRunner({ clock });
    const pipeline = load(numbers(4), call, {
      circuitBreaker: circuitBreaker(THREE),
      errorPolicy: errorPolicy('skip'),
    });
    await runner.run(pipeline);
    await runner.run(pipeline);
    expect(state.calls).toEqual([1, 2, 3]);
    await clock.advance(1000);
    await runner.run(pipeline);
    expect(state.calls).toEqual([1, 2, 3, 1]);
    state.isDown = false;
    await clock.advance(1000);
    await runner.run(pipeline);

    expect(state.calls).toEqual([1, 2, 3, 1, 1, 2, 3, 4]);
    expect(runner.circuits()).toEqual([{ path: 'load/call', state: 'closed' }]);
  });

  test('tells the run whose call has changed it, and nobody else', async () => {
    const { state, call } = service();
    const clock = new ManualClock();
    const runner = new PipelineRunner({ clock });
    const pipeline = load(numbers(2), call, {
      circuitBreaker: circuitBreaker({ ...THREE, threshold: 2, name: 'shop' }),
      errorPolicy: errorPolicy('skip'),
    });
    const run = async (): Promise<string[]> => {
      const changes: string[] = [];
      const circuitChanged = ({ type, path, nodeId, from, to, name }: CircuitChanged): void => {
        changes.push(`${type} ${path} ${nodeId} ${String(name)}: ${from} → ${to}`);
      };
      await runner.run(pipeline, { executionObserver: { circuitChanged } });
      return changes;
    };
    expect(await run()).toEqual(['circuitChanged load/call call shop: closed → open']);
    expect(await run()).toEqual([]);
    state.isDown = false;
    await clock.advance(1000);

    expect(await run()).toEqual([
      'circuitChanged load/call call shop: open → halfOpen',
      'circuitChanged load/call call shop: halfOpen → closed',
    ]);
  });

  test("lets items wait with 'wait': the next is the probe, and nothing is lost", async () => {
    const { state, call } = service();
    const clock = new ManualClock();
    const runner = new PipelineRunner({ clock });
    const running = runner.run(
      load(numbers(5), call, {
        circuitBreaker: circuitBreaker({ ...THREE, whenOpen: 'wait' }),
        errorPolicy: errorPolicy({ then: { retry: { attempts: 10 } } }),
      }),
    );
    await clock.advance(999);
    expect(state.calls).toEqual([1, 1, 1]);
    await clock.advance(1);
    expect(state.calls).toEqual([1, 1, 1, 1]);
    state.isDown = false;
    await clock.advance(1000);
    const result = await running;

    expect(state.calls).toEqual([1, 1, 1, 1, 1, 2, 3, 4, 5]);
    expect(countsAt(result, 'load/call')).toMatchObject({ in: 5, out: 5 });
    expect(clock.pending).toBe(0);
  });

  test('lets go at once of items that wait when their run is cancelled', async () => {
    const { call } = service();
    const clock = new ManualClock();
    const runner = new PipelineRunner({ clock });
    const controller = new AbortController();
    const running = rejectionOf(
      runner.run(
        load(numbers(20), call, {
          concurrency: 8,
          circuitBreaker: circuitBreaker({ ...THREE, whenOpen: 'wait' }),
          errorPolicy: errorPolicy('skip'),
        }),
        { run: { signal: controller.signal } },
      ),
    );
    await clock.advance(500);
    controller.abort();
    const error = await running;

    expect(error.code).toBe('RUN_CANCELLED');
    expect(error.result?.status).toBe('cancelled');
    if (error.result !== undefined) expectBalanced(error.result);
    expect(clock.pending).toBe(0);
  });

  test("counts what 'on' takes, and bad data as success", async () => {
    const clock = new ManualClock();
    const runner = new PipelineRunner({ clock });
    const broken = (item: number): number => {
      throw item % 2 === 0 ? new Unavailable('down') : new TypeError('bad data');
    };
    await runner.run(
      load(numbers(5), broken, {
        circuitBreaker: circuitBreaker({ ...THREE, on: Unavailable }),
        errorPolicy: errorPolicy('skip'),
      }),
    );
    expect(runner.circuits()[0]?.state).toBe('closed');
    await runner.run(
      load([2], broken, {
        circuitBreaker: circuitBreaker({ ...THREE, on: Unavailable }),
        errorPolicy: errorPolicy('skip'),
      }),
    );

    expect(runner.circuits()[0]?.state).toBe('open');
  });

  test("ends the run with POLICY_INVALID where 'on' throws", async () => {
    const thrown = new Error('not asked for');
    const error = await rejectionOf(
      new PipelineRunner().run(
        load([1], service().call, {
          circuitBreaker: circuitBreaker({
            ...THREE,
            on: () => {
              throw thrown;
            },
          }),
          errorPolicy: errorPolicy('skip'),
        }),
      ),
    );

    expect(error).toMatchObject({ code: 'POLICY_INVALID', path: 'load/call', cause: thrown });
    expect(error.message).toContain('circuit breaker');
  });

  test('counts a try that has passed its limit, and drops its late result', async () => {
    const clock = new ManualClock();
    const runner = new PipelineRunner({ clock, graceMs: 20 });
    const hang = (_item: number, { signal }: PipelineContext) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', resolve, { once: true });
      });
    const running = runner.run(
      load([1], hang, {
        timeoutMs: 100,
        circuitBreaker: circuitBreaker({ ...THREE, threshold: 1 }),
        errorPolicy: errorPolicy('skip'),
      }),
    );
    await clock.advance(100);
    await running;

    expect(runner.circuits()[0]?.state).toBe('open');
  });

  test('is asked anew by each retry, and a delay may say when to come again', async () => {
    const { state, call } = service();
    const clock = new ManualClock();
    const runner = new PipelineRunner({ clock });
    const running = runner.run(
      load([1], call, {
        circuitBreaker: circuitBreaker(THREE),
        errorPolicy: errorPolicy({ then: { retry: { attempts: 6, delay: fixed(500) } } }),
      }),
    );
    await clock.advance(1000);
    expect(state.calls).toEqual([1, 1, 1]);
    state.isDown = false;
    await clock.advance(1500);
    const result = await running;

    expect(state.calls).toEqual([1, 1, 1, 1]);
    expect(countsAt(result, 'load/call')).toMatchObject({ out: 1, retried: 4 });
  });
});

describe('a circuit breaker of a composite', () => {
  const outer = (call: (item: number) => number, options: ItemCompositeOptions<number>, count = 6) =>
    definePipeline('orders', (builder) => {
      const composite = builder.addComposite(defineStep('Price', 'ask', call), {
        ...options,
        name: 'price',
        from: builder.addSource(numbers(count), 'source'),
      });
      builder.addSink(() => undefined, { name: 'save', from: composite });
    });

  test('counts children, and starts none while the circuit is open', async () => {
    const { state, call } = service();
    const runner = new PipelineRunner({ clock: new ManualClock() });
    const result = await runner.run(
      outer(call, { circuitBreaker: circuitBreaker(THREE), errorPolicy: errorPolicy('skip') }),
    );

    expect(state.calls).toEqual([1, 2, 3]);
    expect(countsAt(result, 'orders/price')).toMatchObject({ in: 6, filtered: 6 });
    expect(countsAt(result, 'orders/price/ask')).toMatchObject({ in: 3 });
    expect(runner.circuits().map(({ path, state: at }) => `${path} ${at}`)).toEqual(['orders/price open']);
  });

  test('of a node in a child is shared by all children', async () => {
    const { state, call } = service();
    const runner = new PipelineRunner({ clock: new ManualClock() });
    const Price = definePipeline<number, number>('Price', (builder) => {
      const ask = builder.addTransform(call, {
        name: 'ask',
        from: builder.addCompositeInput(),
        circuitBreaker: circuitBreaker(THREE),
      });
      builder.connect(ask, builder.addCompositeOutput());
    });
    await runner.run(
      definePipeline('orders', (builder) => {
        const price = builder.addComposite(Price, {
          name: 'price',
          from: builder.addSource(numbers(6)),
          errorPolicy: errorPolicy('skip'),
        });
        builder.addSink(() => undefined, { from: price });
      }),
    );

    expect(state.calls).toEqual([1, 2, 3]);
    expect(runner.circuits()[0]).toMatchObject({ path: 'orders/price/ask', state: 'open' });
  });

  test('counts the end of a child by itself as nothing', async () => {
    const runner = new PipelineRunner();
    const Quits = definePipeline<number, number>('Quits', (builder) => {
      const quit = builder.addTransform(
        (item: number, context) => {
          context.cancel({ kind: 'user' });
          return item;
        },
        { name: 'quit', from: builder.addCompositeInput() },
      );
      builder.connect(quit, builder.addCompositeOutput());
    });
    await runner.run(
      definePipeline('orders', (builder) => {
        const quits = builder.addComposite(Quits, {
          name: 'quits',
          from: builder.addSource(numbers(6)),
          cancellable: true,
          circuitBreaker: circuitBreaker({ ...THREE, threshold: 1 }),
          errorPolicy: errorPolicy('skip'),
        });
        builder.addSink(() => undefined, { from: quits });
      }),
    );

    expect(runner.circuits()[0]?.state).toBe('closed');
  });
});

describe('circuit breakers of one name', () => {
  const two = (first: object, second: object) =>
    definePipeline('pair', (builder) => {
      const source = builder.addSource([1, 2, 3, 4], 'source');
      const { call } = service();
      for (const [name, more] of [
        ['one', first],
        ['two', second],
      ] as const)
        builder.addSink(call, {
          name,
          from: source,
          circuitBreaker: circuitBreaker({ ...THREE, name: 'shop', ...more }),
          errorPolicy: errorPolicy('skip'),
        });
    });

  test('share one circuit, also where they ask and wait differently', async () => {
    const runner = new PipelineRunner({ clock: new ManualClock() });
    await runner.run(two({ on: Unavailable }, {}));

    expect(runner.circuits().map(({ path, name, state }) => [path, name, state])).toEqual([
      ['pair/one', 'shop', 'open'],
      ['pair/two', 'shop', 'open'],
    ]);
  });

  test('are refused with unequal numbers, in one pipeline and in two of a runner', async () => {
    const runner = new PipelineRunner();
    const error = await rejectionOf(runner.run(two({}, { openMs: 5 })));
    expect(error).toMatchObject({ code: 'OPTION_INVALID', path: 'pair/two' });
    expect(error.message).toContain("'pair/one'");
    await runner.run(two({}, {}));
    const again = await rejectionOf(
      runner.run(
        load([1], () => 1, { circuitBreaker: circuitBreaker({ ...THREE, threshold: 4, name: 'shop' }) }),
      ),
    );

    expect(again).toMatchObject({ code: 'OPTION_INVALID', path: 'load/call' });
  });

  test('are refused below each other', async () => {
    const shop = circuitBreaker({ ...THREE, name: 'shop' });
    const Inner = definePipeline<number, number>('Inner', (builder) => {
      const node = builder.addTransform((item: number) => item, {
        name: 'node',
        from: builder.addCompositeInput(),
        circuitBreaker: shop,
      });
      builder.connect(node, builder.addCompositeOutput());
    });
    const error = await rejectionOf(
      new PipelineRunner().run(
        definePipeline('outer', (builder) => {
          const inner = builder.addComposite(Inner, {
            name: 'inner',
            from: builder.addSource([1]),
            circuitBreaker: shop,
          });
          builder.addSink(() => undefined, { from: inner });
        }),
      ),
    );

    expect(error).toMatchObject({ code: 'OPTION_INVALID', path: 'outer/inner/node' });
    expect(error.message).toContain('stands below itself');
  });
});

describe('the options of guards', () => {
  const shop = circuitBreaker({ ...THREE, name: 'shop' });

  test('are drawn', () => {
    const graph = buildPipeline(
      load([1], () => 1, { circuitBreaker: shop, bulkhead: { concurrent: 2, queue: 5 } }),
    );

    expect(graph.describe()).toContain("circuitBreaker='shop': 3 failed in 10000 ms, open for 1000 ms");
    expect(graph.describe()).toContain('bulkhead={"concurrent":2,"queue":5}');
  });

  test('are refused where nothing is called per item, with what to do, and all problems at once', () => {
    const error = errorOf(() =>
      buildPipeline(
        definePipeline('wrong', (builder) => {
          const guards = { circuitBreaker: shop, bulkhead: { concurrent: 2 } };
          const source = builder.addSource([1], { name: 'source', ...(guards as object) });
          const stream = builder.addStreamTransform((items: AsyncIterable<number>) => items, {
            name: 'stream',
            from: source,
            ...(guards as object),
          });
          const whole = builder.addComposite(
            defineStep('Step', 'step', (item: number) => item),
            {
              name: 'whole',
              from: stream,
              granularity: 'stream',
              ...(guards as object),
            },
          );
          builder.addSink(() => undefined, {
            name: 'sink',
            from: whole,
            circuitBreaker: { threshold: 1 } as never,
            bulkhead: { concurrent: 0, queue: NaN },
          });
        }),
      ),
    );
    expect(error).toBeInstanceOf(PipelineValidationError);
    const told = error instanceof PipelineValidationError ? error.errors : [];
    const at = (path: string): string =>
      told
        .filter((problem) => problem.path === path)
        .map(({ message }) => message)
        .join('\n');

    for (const path of ['wrong/source', 'wrong/stream']) {
      expect(at(path)).toContain("'circuitBreaker' guards calls for single items; give it to a transform");
      expect(at(path)).toContain("'bulkhead' guards calls for single items");
    }
    expect(at('wrong/whole')).toContain("'circuitBreaker' is about single items");
    expect(at('wrong/whole')).toContain("'bulkhead' is about single items");
    expect(at('wrong/sink')).toContain("'circuitBreaker' must be a circuit breaker made by circuitBreaker");
    expect(at('wrong/sink')).toContain("'concurrent' must be a whole number above 0");
    expect(at('wrong/sink')).toContain("'queue' must be");
  });

  test('that change with a parameter begin a new circuit, and the same ones go on with theirs', async () => {
    const { call } = service();
    const runner = new PipelineRunner({ clock: new ManualClock() });
    class Load {
      define(builder: PipelineBuilder, context: DefinitionContext) {
        builder.addSink(call, {
          name: 'call',
          from: builder.addSource([1, 2, 3, 4]),
          circuitBreaker: circuitBreaker({
            ...THREE,
            name: 'shop',
            openMs: context.parameters.require<number>('openMs'),
          }),
          errorPolicy: errorPolicy('skip'),
        });
      }
    }
    const stateWith = async (openMs: number): Promise<string[]> => {
      await runner.run(Load, { parameters: { openMs } });
      return runner.circuits().map(({ state }) => state);
    };
    expect(await stateWith(100)).toEqual(['open']);
    const quiet = definePipeline('Quiet', (builder) => {
      builder.addSink(() => 1, {
        name: 'call',
        from: builder.addSource([1]),
        circuitBreaker: circuitBreaker(THREE),
      });
    });
    await runner.run(quiet);

    expect(await stateWith(200)).toEqual(['open', 'closed']);
  });
});
