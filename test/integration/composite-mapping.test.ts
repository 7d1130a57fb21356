import { describe, expect, test } from 'vitest';
import {
  buildPipeline,
  currentContext,
  errorPolicy,
  PipelineRunner,
  runPipeline,
  SKIP,
  type CompositeOptions,
  type PipelineBuilder,
  type PipelineDefinition,
} from 'heirline';
import { testPipeline } from 'heirline/testing';
import {
  codesOf,
  countsAt,
  definePipeline,
  defineStep,
  delay,
  errorOf,
  expectBalanced,
  gate,
  KeptLetters,
  KeptLineage,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
  throwAnything,
  unhandledDuring,
} from './support/harness.js';

interface Order {
  readonly id: number;
  readonly street: string;
}

const orders = (count: number): Order[] =>
  range(1, count).map((id) => ({ id, street: `street ${String(id)}` }));

/** Options of a composite that gets orders. */
type OrderOptions = Exclude<CompositeOptions<Order>, { readonly granularity: 'stream' }>;

/** A root `source → locate → sink`, whose composite gives streets of orders to its child. */
function locating<TOut>(
  items: Iterable<Order>,
  child: new () => PipelineDefinition<string, TOut>,
  options: OrderOptions = {},
) {
  const received: unknown[] = [];
  const Root = definePipeline('root', (builder) => {
    const located = builder.addComposite(child, {
      name: 'locate',
      from: builder.addSource(items, 'orders'),
      input: (order: Order) => order.street,
      ...(options as object),
    });
    builder.connect(
      located,
      builder.addSink((item: unknown) => received.push(item), 'sink'),
    );
  });
  return { Root, received };
}

const Locate = defineStep('locate', 'look-up', (street: string) => ({ city: `city of ${street}` }));
const enrich = (order: Order, address: unknown): unknown => ({ ...order, address });

/** A sub-pipeline that gives several outputs for one street, and tells when it gives each. */
function severalOutputs(letters: readonly string[], told: (letter: string) => void = () => undefined) {
  return definePipeline<string, string>('several', (builder) => {
    const spread = builder.addStreamTransform(
      async function* (streets: AsyncIterable<string>) {
        for await (const street of streets)
          for (const letter of letters) {
            told(letter);
            yield `${street}${letter}`;
          }
      },
      { name: 'spread', from: builder.addCompositeInput() },
    );
    builder.connect(spread, builder.addCompositeOutput());
  });
}

describe('a composite with input and combine', () => {
  test('enriches its items without a carrier type', async () => {
    const received: { id: number; street: string; address: { city: string } }[] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const located = builder.addComposite(Locate, {
          from: builder.addSource(orders(2), 'orders'),
          input: (order) => order.street,
          combine: (order, address) => ({ ...order, address }),
        });
        builder.addSink((order) => received.push(order), { from: located });
      }
    }

    expectBalanced(await runPipeline(Root));

    expect(received).toEqual([
      { id: 1, street: 'street 1', address: { city: 'city of street 1' } },
      { id: 2, street: 'street 2', address: { city: 'city of street 2' } },
    ]);
  });

  test('with input alone lets the output of the child leave', async () => {
    const { Root, received } = locating(orders(1), Locate);
    await runPipeline(Root);
    expect(received).toEqual([{ city: 'city of street 1' }]);
  });

  test('with combine alone gives the child the item itself', async () => {
    const seen: Order[] = [];
    const Check = defineStep('check', 'check', (order: Order) => {
      seen.push(order);
      return order.id > 1;
    });
    const items = orders(2);
    const { Root, received } = locating(items, Check as never, {
      input: undefined,
      combine: (order, isGood) => [order, isGood],
    });

    await runPipeline(Root);

    expect(seen[0]).toBe(items[0]);
    expect(received).toEqual([
      [items[0], false],
      [items[1], true],
    ]);
  });

  test('keeps each item with its own output at concurrency 16, in order', async () => {
    const Slow = defineStep('slow', 'look-up', async (street: string) => {
      await delay(street.length % 3);
      return street;
    });
    const { Root, received } = locating(orders(200), Slow, {
      concurrency: 16,
      combine: (order, street) => [order.id, street],
    });

    expectBalanced(await runPipeline(Root));

    expect(received).toEqual(range(1, 200).map((id) => [id, `street ${String(id)}`]));
  });

  test('nests: each level combines with its own item', async () => {
    const Inner = defineStep('inner', 'length', (text: string) => text.length);
    const Middle = definePipeline<string, string>('middle', (builder) => {
      const measured = builder.addComposite(Inner, {
        name: 'inner',
        from: builder.addCompositeInput(),
        input: (street) => street.toUpperCase(),
        combine: (street, length) => `${street}: ${String(length)}`,
      });
      builder.connect(measured, builder.addCompositeOutput());
    });
    const { Root, received } = locating(orders(3), Middle, {
      concurrency: 2,
      combine: (order, text) => [order.id, text],
    });

    expectBalanced(await runPipeline(Root));

    expect(received).toEqual([
      [1, 'street 1: 8'],
      [2, 'street 2: 8'],
      [3, 'street 3: 8'],
    ]);
  });

  test('passes null and undefined as the ordinary items that they are', async () => {
    const seen: unknown[] = [];
    const Child = defineStep('child', 'see', (item: string | null | undefined) => {
      seen.push(item);
      return item;
    });
    const { Root, received } = locating(orders(2), Child as never, {
      input: ({ id }) => (id === 1 ? null : undefined),
      combine: (order, output) => (order.id === 1 ? undefined : output === undefined ? null : 'wrong'),
    });

    await runPipeline(Root);

    expect(seen).toEqual([null, undefined]);
    expect(received).toEqual([undefined, null]);
  });

  test('asks with, input and combine with its own item, in its parent, and with its own view of the context', async () => {
    const asked: unknown[] = [];
    const ask =
      (name: string, answer: unknown) =>
      (order: Order, ...rest: readonly unknown[]): never => {
        const parent = rest.at(-1) as { currentNodeId: string; pipelineName: string };
        const ambient = currentContext()?.pipelineName;
        asked.push([name, order.id, parent.currentNodeId, parent.pipelineName, ambient]);
        return answer as never;
      };
    for (const options of [{}, { output: 'many' as const }, { timeoutMs: 1_000 }]) {
      asked.length = 0;
      const { Root } = locating(orders(1), Locate, {
        ...options,
        with: ask('with', { parameters: { region: 'north' } }),
        input: ask('input', 'somewhere'),
        combine: ask('combine', 'done'),
      });

      await runPipeline(Root);

      expect(asked).toEqual([
        ['with', 1, 'locate', 'root', 'root'],
        ['input', 1, 'locate', 'root', 'root'],
        ['combine', 1, 'locate', 'root', 'root'],
      ]);
    }
  });

  test('is shown in drawings as what it is', () => {
    const graph = buildPipeline(locating([], Locate, { combine: enrich }).Root);
    const composite = graph.nodes.find(({ id }) => id === 'locate');
    expect(composite?.options).toMatchObject({ input: 'per item', combine: 'per output' });
  });

  test('is refused with granularity stream, and where it is no function', () => {
    const streaming = { granularity: 'stream' } as never as object;
    const error = errorOf(() => buildPipeline(locating([], Locate, { ...streaming, combine: enrich }).Root));
    expect(codesOf(error)).toEqual(['OPTION_INVALID', 'OPTION_INVALID']);
    expect(error.message).toContain("'input' is about single items");
    expect(error.message).toContain("'combine' is about single items");

    const wrong = errorOf(() => buildPipeline(locating([], Locate, { combine: 'id' as never }).Root));
    expect(codesOf(wrong)).toEqual(['OPTION_INVALID']);
    expect(wrong.message).toContain("'combine' must be a function");
  });

  test('gives stubs of the child the item of the child', async () => {
    const { Root } = locating(orders(2), Locate, { combine: enrich });

    const run = await testPipeline(Root)
      .withChild(Locate, (street) => ({ city: street }))
      .run();

    expect(run.child(Locate).inputs).toEqual(['street 1', 'street 2']);
    expect(run.outputs).toEqual([
      { id: 1, street: 'street 1', address: { city: 'street 1' } },
      { id: 2, street: 'street 2', address: { city: 'street 2' } },
    ]);
  });
});

describe('with, input and combine that throw', () => {
  const failing = {
    with: () => throwAnything(new RangeError('no')),
    input: () => throwAnything(new RangeError('no')),
    combine: () => throwAnything(new RangeError('no')),
  };
  const each = Object.entries(failing) as [keyof typeof failing, () => never][];

  test.each(each)('fail the item at the composite: %s', async (name, callback) => {
    const { Root, received } = locating(orders(3), Locate, { [name]: callback });

    const error = await rejectionOf(runPipeline(Root));

    expect(error.code).toBe('NODE_FAILED');
    expect(error.path).toBe('root/locate');
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(error.message).toContain(`'${name}'`);
    expect(received).toEqual([]);
    expect(countsAt(resultOf(error), 'root/locate')).toMatchObject({ in: 1, failed: 1, out: 0, emitted: 0 });
    expectBalanced(resultOf(error));
  });

  test.each(each)('leave the decision to the policy of the composite: %s', async (name, callback) => {
    const { Root, received } = locating(orders(3), Locate, {
      [name]: (order: Order, ...rest: readonly unknown[]) =>
        order.id === 2 ? callback() : name === 'with' ? {} : name === 'input' ? order.street : rest[0],
      errorPolicy: errorPolicy({ on: RangeError, then: 'skip' }),
    });

    const result = await runPipeline(Root);

    expect(received).toHaveLength(2);
    expect(countsAt(result, 'root/locate')).toMatchObject({ in: 3, filtered: 1, out: 2, emitted: 2 });
    expectBalanced(result);
  });

  test.each(each)('write the item of the parent into the dead letter: %s', async (name, callback) => {
    const letters = new KeptLetters();
    const items = orders(1);
    const { Root } = locating(items, Locate, { [name]: callback, errorPolicy: 'deadLetter' });

    expectBalanced(await runPipeline(Root, { deadLetterSink: letters, parameters: { of: 'the parent' } }));

    expect(letters.envelopes).toHaveLength(1);
    expect(letters.envelopes[0]?.item).toBe(items[0]);
    expect(letters.envelopes[0]).toMatchObject({
      path: 'root/locate',
      decidedAt: 'root/locate',
      context: { parameters: { of: 'the parent' } },
    });
  });

  test('a node that fails in the child leaves the item of the parent in the dead letter too', async () => {
    const letters = new KeptLetters();
    const items = orders(1);
    const Failing = defineStep('failing', 'fail', (_street: string): string =>
      throwAnything(new Error('no')),
    );
    const { Root } = locating(items, Failing, { errorPolicy: 'deadLetter' });

    await runPipeline(Root, { deadLetterSink: letters });

    expect(letters.envelopes[0]?.item).toBe(items[0]);
    expect(letters.envelopes[0]).toMatchObject({ path: 'root/locate/fail', decidedAt: 'root/locate' });
  });

  test('are all repeated by a retry, with the child between them', async () => {
    const calls: string[] = [];
    const Child = defineStep('child', 'work', (street: string) => {
      calls.push('child');
      return street;
    });
    let left = 2;
    const { Root, received } = locating(orders(1), Child, {
      with: () => {
        calls.push('with');
        return {};
      },
      input: ({ street }) => {
        calls.push('input');
        return street;
      },
      combine: (order) => {
        calls.push('combine');
        left -= 1;
        return left === 0 ? order.id : throwAnything(new Error('not yet'));
      },
      errorPolicy: errorPolicy({ then: { retry: { attempts: 3 } } }),
    });

    const run = await testPipeline(Root).run();

    expect(calls).toEqual([
      ...['with', 'input', 'child', 'combine'],
      ...['with', 'input', 'child', 'combine'],
    ]);
    expect(run.sink('sink')).toEqual([1]);
    expect(received).toEqual([]);
    expect(countsAt(run.result, 'root/locate')).toMatchObject({ in: 1, out: 1, retried: 1, emitted: 1 });
    const told = run.events.filter(({ path }) => path === 'root/locate').map((event) => event.type);
    expect(told).toEqual([
      'nodeStarted',
      'compositeStarted',
      // of the child, whose pipeline has the path of the composite
      ...['pipelineStarted', 'pipelineCompleted'],
      ...['compositeCompleted', 'itemFailed', 'itemRetried', 'compositeStarted'],
      ...['pipelineStarted', 'pipelineCompleted', 'compositeCompleted', 'nodeCompleted'],
    ]);
    const outcomes = run.events.flatMap((event) =>
      event.type === 'compositeCompleted' ? [event.outcome] : [],
    );
    expect(outcomes).toEqual(['failed', 'succeeded']);
  });
});

describe('with, input and combine that do not answer at once', () => {
  test.each(['with', 'input', 'combine'] as const)(
    'fail the item, and the promise is handled: %s',
    async (name) => {
      for (const promise of [() => Promise.resolve({}), () => Promise.reject(new Error('late'))]) {
        const { Root } = locating(orders(2), Locate, { [name]: promise });
        const unhandled = await unhandledDuring(async () => {
          const error = await rejectionOf(runPipeline(Root));
          expect(error.code).toBe('OPTION_INVALID');
          expect(error.path).toBe('root/locate');
          expect(error.message).toContain(`'${name}' gave a promise`);
          expectBalanced(resultOf(error));
        });
        expect(unhandled).toEqual([]);
      }
    },
  );

  test.each(['with', 'input', 'combine'] as const)('leave the decision to the policy: %s', async (name) => {
    const { Root, received } = locating(orders(2), Locate, {
      [name]: () => Promise.reject(new Error('late')),
      errorPolicy: errorPolicy({ on: 'OPTION_INVALID', then: 'skip' }),
    });
    const unhandled = await unhandledDuring(async () => {
      const result = await runPipeline(Root);
      expect(countsAt(result, 'root/locate')).toMatchObject({ in: 2, filtered: 2 });
      expectBalanced(result);
    });
    expect(unhandled).toEqual([]);
    expect(received).toEqual([]);
  });
});

describe('SKIP', () => {
  test('of input is refused: a transform before the composite leaves items out', async () => {
    const { Root } = locating(orders(1), Locate, { input: () => SKIP });
    const error = await rejectionOf(runPipeline(Root));
    expect(error).toMatchObject({ code: 'OPTION_INVALID', path: 'root/locate' });
    expect(error.message).toContain("'input' gave SKIP");
  });

  test.each(['one', 'optional', 'first', 'last'] as const)(
    'of combine leaves the item out, under %s',
    async (output) => {
      const { Root, received } = locating(orders(3), Locate, {
        output,
        combine: ({ id }) => (id === 2 ? SKIP : id),
      });

      const result = await runPipeline(Root);

      expect(received).toEqual([1, 3]);
      expect(countsAt(result, 'root/locate')).toMatchObject({ in: 3, out: 2, filtered: 1, emitted: 2 });
      expectBalanced(result);
    },
  );

  const many: [string, OrderOptions][] = [
    ['that leave as they come', { output: 'many' }],
    ['that are held until the try counts', { output: 'many', errorPolicy: 'skip' }],
    ['of several children at once', { output: 'many', concurrency: 4 }],
  ];
  test.each(many)('of combine leaves out single outputs %s', async (_title, options) => {
    const { Root, received } = locating(orders(3), severalOutputs(['a', 'b']), {
      ...options,
      combine: ({ id }, output: string) => (id === 2 || output.endsWith('a') ? SKIP : output),
    });

    const result = await runPipeline(Root);

    expect(received).toEqual(['street 1b', 'street 3b']);
    expect(countsAt(result, 'root/locate')).toMatchObject({ in: 3, out: 2, filtered: 1, emitted: 2 });
    expectBalanced(result);
  });
});

describe('several outputs of one child', () => {
  test('are combined in order, each when it leaves', async () => {
    const told: string[] = [];
    const { Root } = locating(
      orders(1),
      severalOutputs(['a', 'b'], (letter) => told.push(`made ${letter}`)),
      { output: 'many', combine: (_order, output: string) => void told.push(`combined ${output}`) },
    );
    await runPipeline(Root);
    expect(told).toEqual(['made a', 'combined street 1a', 'made b', 'combined street 1b']);
  });

  test('that are held are combined before any leaves: a retry repeats all of them', async () => {
    let failures = 1;
    const { Root, received } = locating(orders(1), severalOutputs(['a', 'b', 'c']), {
      output: 'many',
      combine: (_order, output: string) => {
        if (output.endsWith('b') && failures-- > 0) throw new Error('not yet');
        return output;
      },
      errorPolicy: errorPolicy({ then: { retry: { attempts: 2 } } }),
    });

    const result = await runPipeline(Root);

    expect(received).toEqual(['street 1a', 'street 1b', 'street 1c']);
    expect(countsAt(result, 'root/locate')).toMatchObject({ in: 1, out: 1, retried: 1, emitted: 3 });
    expectBalanced(result);
  });

  test('that leave as they come: a throw fails the item, and what has left has left', async () => {
    const combined: string[] = [];
    const { Root, received } = locating(orders(2), severalOutputs(['a', 'b', 'c']), {
      output: 'many',
      combine: (_order, output: string) => {
        combined.push(output);
        return output.endsWith('b') ? throwAnything(new RangeError('no')) : output;
      },
    });

    const error = await rejectionOf(runPipeline(Root));

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/locate' });
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(received).toEqual(['street 1a']);
    expect(combined).toEqual(['street 1a', 'street 1b']);
    const counts = countsAt(resultOf(error), 'root/locate');
    expect(counts).toMatchObject({ in: 1, failed: 1, out: 0, emitted: 1 });
    expectBalanced(resultOf(error));
  });

  test('wait for their turn at concurrency 16, and keep their item', async () => {
    const { Root, received } = locating(orders(60), severalOutputs(['a', 'b']), {
      output: 'many',
      concurrency: 16,
      combine: (order, output: string) => [order.id, output],
    });

    expectBalanced(await runPipeline(Root));

    expect(received).toEqual(
      range(1, 60).flatMap((id) => ['a', 'b'].map((letter) => [id, `street ${String(id)}${letter}`])),
    );
  });
});

describe('the limit of a composite', () => {
  const busy = (ms: number): void => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };
  const Waiting = defineStep('waiting', 'wait', async (street: string) => {
    await nextTurn();
    return street;
  });

  test('holds for input', async () => {
    const { Root } = locating(orders(1), Waiting, {
      timeoutMs: 15,
      input: () => {
        busy(30);
        return 'somewhere';
      },
    });
    expect(await rejectionOf(runPipeline(Root))).toMatchObject({ code: 'NODE_TIMEOUT', path: 'root/locate' });
  });

  test('does not hold for combine', async () => {
    const { Root, received } = locating(orders(1), Waiting, {
      timeoutMs: 25,
      combine: (_order, street) => {
        busy(50);
        return street;
      },
    });
    await runPipeline(Root);
    expect(received).toEqual(['street 1']);
  });
});

describe('lineage', () => {
  test('follows the item of the composite: one end each, of input, child and combine', async () => {
    const lineage = new KeptLineage();
    const Child = defineStep('child', 'work', (street: string): string =>
      street.endsWith('3') ? throwAnything(new Error('no')) : street,
    );
    const { Root } = locating(orders(6), Child, {
      concurrency: 16,
      input: ({ id, street }) => (id === 1 ? throwAnything(new Error('no')) : street),
      combine: ({ id }, street) => (id === 2 ? SKIP : id === 4 ? throwAnything(new Error('no')) : street),
      errorPolicy: 'deadLetter',
    });

    const result = await runPipeline(Root, { lineageSink: lineage, deadLetterSink: new KeptLetters() });

    const ends = [...lineage.terminals().values()].flat().map(({ outcome, path }) => `${outcome} ${path}`);
    expect(ends.sort()).toEqual([
      'deadLettered root/locate',
      'deadLettered root/locate',
      'deadLettered root/locate',
      'emitted root/sink',
      'emitted root/sink',
      'filtered root/locate',
    ]);
    expectBalanced(result);
  });

  test('of a try whose combine failed forgets the hops of that try', async () => {
    const lineage = new KeptLineage();
    let failures = 1;
    const { Root } = locating(orders(1), Locate, {
      combine: () => (failures-- > 0 ? throwAnything(new Error('not yet')) : 'done'),
      errorPolicy: errorPolicy({ then: { retry: { attempts: 2 } } }),
    });

    await runPipeline(Root, { lineageSink: lineage });

    const [record] = lineage.records;
    expect(lineage.records).toHaveLength(1);
    expect(record?.traversal.map(({ nodeId }) => nodeId)).toEqual([
      ...['orders', 'locate', 'input', 'look-up', 'output', 'sink'],
    ]);
  });
});

describe('a run that ends while children are under way', () => {
  test('asks no combine of a cancelled child, and counts each item once', async () => {
    const started = gate();
    const combined: number[] = [];
    const Hanging = definePipeline<string, string>('hanging', (builder) => {
      const wait = builder.addTransform(
        async (street: string, { signal }) => {
          started.open();
          await new Promise((resolve) => {
            signal.addEventListener('abort', resolve);
          });
          return street;
        },
        { name: 'wait', from: builder.addCompositeInput() },
      );
      builder.connect(wait, builder.addCompositeOutput());
    });
    const { Root } = locating(orders(40), Hanging, {
      concurrency: 16,
      combine: ({ id }) => combined.push(id),
    });
    const controller = new AbortController();
    const running = rejectionOf(new PipelineRunner().run(Root, { signal: controller.signal }));
    await started.opened;

    controller.abort();

    const error = await running;
    expect(error.code).toBe('RUN_CANCELLED');
    expect(combined).toEqual([]);
    expectBalanced(resultOf(error));
  });
});
