import { describe, expect, test } from 'vitest';
import {
  runPipeline,
  type ItemCompositeOptions,
  type NoItem,
  type PipelineBuilder,
  type PipelineContext,
} from 'heirline';
import {
  abortedAsFetchDoes,
  countsAt,
  definePipeline,
  delay,
  expectBalanced,
  gate,
  range,
  rejectionOf,
  resultOf,
  type DefinitionClass,
} from './support/harness.js';

type Beside = (item: number, context: PipelineContext) => unknown;

/** A child that gives its item at once, and works on it in a second branch. Item 1 is never given: its turn never ends. */
function childBeside(beside: Beside): DefinitionClass<number, number> {
  return definePipeline('child', (builder) => {
    const input = builder.addCompositeInput();
    const given = builder.addTransform(
      async (item: number, context) => (item === 1 ? abortedAsFetchDoes(context.signal) : item),
      { name: 'give', from: input },
    );
    builder.connect(given, builder.addCompositeOutput());
    builder.connect(
      input,
      builder.addSink(async (item: number, context) => {
        await delay(10);
        if (item === 2) await beside(item, context);
      }, 'beside'),
    );
  });
}

type Around = (
  child: DefinitionClass<number, number>,
  options?: ItemCompositeOptions<number>,
) => DefinitionClass<NoItem, NoItem>;

const drawRoot = (
  builder: PipelineBuilder,
  child: DefinitionClass<number, number>,
  options: ItemCompositeOptions<number> = {},
): void => {
  const given = builder.addComposite(child, {
    name: 'child',
    from: builder.addSource([1, 2, 3], 'source'),
    output: 'many',
    concurrency: 3,
    ...options,
  });
  builder.connect(
    given,
    builder.addSink(() => undefined, 'sink'),
  );
};

const direct: Around = (child, options) =>
  definePipeline('root', (builder) => {
    drawRoot(builder, child, options);
  });

/** The same two levels deep: the outputs that wait are those of a child in a child. */
const nested: Around = (child, options) =>
  definePipeline('root', (builder) => {
    const Middle = definePipeline<number, number>('middle', (inner) => {
      const given = inner.addComposite(child, {
        name: 'inner',
        from: inner.addCompositeInput(),
        output: 'many',
        ...options,
      });
      inner.connect(given, inner.addCompositeOutput());
    });
    drawRoot(builder, Middle);
  });

/** A stream through the middle: the child is one over all items of its parent. */
const streamed: Around = (child, options) =>
  definePipeline('root', (builder) => {
    const Middle = definePipeline<number, number>('middle', (inner) => {
      const given = inner.addComposite(child, {
        name: 'inner',
        from: inner.addCompositeInput(),
        granularity: 'stream',
        ...(options?.budget && { budget: options.budget }),
      });
      inner.connect(given, inner.addCompositeOutput());
    });
    drawRoot(builder, Middle);
  });

describe.each([
  ['a child', direct],
  ['a child in a child', nested],
])('the output of %s that waits for its turn', (_name, around) => {
  const endOf = async (
    beside: Beside,
    options: ItemCompositeOptions<number> = {},
    run = around(childBeside(beside), options),
  ) => {
    const startedAt = performance.now();
    const error = await rejectionOf(runPipeline(run));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expectBalanced(resultOf(error));
    return error;
  };

  test('does not keep a failure beside it waiting', async () => {
    const error = await endOf(() => Promise.reject(new TypeError('beside')));

    expect(error).toMatchObject({ code: 'NODE_FAILED', cause: { message: 'beside' } });
    expect(error.path).toMatch(/beside$/);
    expect(resultOf(error).abandoned).toEqual([]);
  });

  test('does not keep the child’s own cancel waiting', async () => {
    const error = await endOf(
      (_item, context) => {
        context.cancel();
      },
      { cancellable: true },
    );

    expect(error).toMatchObject({ code: 'RUN_CANCELLED' });
    expect(resultOf(error)).toMatchObject({ status: 'failed', abandoned: [] });
  });

  test('does not keep the child’s budget waiting', async () => {
    const error = await endOf(
      (_item, context) => {
        context.run.cost.record({ callId: 'call', model: 'm', inputTokens: 20, outputTokens: 0 });
      },
      { budget: { tokens: 10 } },
    );

    expect(error).toMatchObject({ code: 'BUDGET_EXCEEDED' });
    expect(resultOf(error).abandoned).toEqual([]);
  });

  test('does not keep the cancel of the run waiting', async () => {
    const error = await endOf((_item, context) => {
      context.run.cancel();
    });

    expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'user' });
    expect(resultOf(error)).toMatchObject({ status: 'cancelled', abandoned: [] });
  });
});

test('a failure beside an output in a stream, which waits for a turn further out, is heard at once', async () => {
  const startedAt = performance.now();
  const error = await rejectionOf(
    runPipeline(streamed(childBeside(() => Promise.reject(new TypeError('beside'))))),
  );

  expect(error).toMatchObject({ cause: { message: 'beside' } });
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expectBalanced(resultOf(error));
});

describe('an output that is being taken by what follows', () => {
  test('is waited for, though its child fails beside it', async () => {
    const log: string[] = [];
    const Child = definePipeline<number, number>('child', (builder) => {
      const input = builder.addCompositeInput();
      builder.connect(input, builder.addCompositeOutput());
      builder.connect(
        input,
        builder.addSink(() => delay(5).then(() => Promise.reject(new TypeError('beside')))),
      );
    });
    const Root = definePipeline('root', (builder) => {
      const given = builder.addComposite(Child, { from: builder.addSource([1]), output: 'many' });
      builder.connect(
        given,
        builder.addSink(async (_item: number, context) => {
          context.onDispose(() => log.push('disposed'));
          await delay(30);
          log.push('taken');
        }),
      );
    });
    const error = await rejectionOf(runPipeline(Root));

    expect(error).toMatchObject({ cause: { message: 'beside' } });
    expect(log).toEqual(['taken', 'disposed']);
  });
});

describe('without an order, where nothing can be undone', () => {
  /** A root over a child that gives what a generator gives. */
  const rootOver = (
    give: (item: number, context: PipelineContext) => AsyncIterable<string>,
    sink: (output: string, context: PipelineContext) => unknown,
    options: ItemCompositeOptions<number> = {},
    items: readonly number[] = [1, 2, 3],
  ) => {
    const Child = definePipeline<number, string>('child', (builder) => {
      const given = builder.addStreamTransform(
        async function* (stream: AsyncIterable<number>, context: PipelineContext) {
          for await (const item of stream) yield* give(item, context);
        },
        { from: builder.addCompositeInput() },
      );
      builder.connect(given, builder.addCompositeOutput());
    });
    return definePipeline('root', (builder) => {
      const given = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource(items, 'source'),
        output: 'many',
        concurrency: 3,
        ordered: false,
        ...options,
      });
      builder.connect(given, builder.addSink(sink, 'sink'));
    });
  };

  test('a child that waits for what another has sent gets it', { timeout: 2_000 }, async () => {
    const sent: string[] = [];
    const arrived = gate();
    const Root = rootOver(
      async function* (item) {
        yield `${String(item)} begins`;
        if (item === 1) await arrived.opened;
        yield `${String(item)} ends`;
      },
      (output) => {
        sent.push(output);
        if (output === '3 ends') arrived.open();
      },
    );
    await runPipeline(Root);

    expect([...sent].sort()).toEqual(['1 begins', '1 ends', '2 begins', '2 ends', '3 begins', '3 ends']);
    expect(sent.indexOf('1 ends')).toBeGreaterThan(sent.indexOf('3 ends'));
  });

  test('outputs leave as they come, one at a time, and no child is passed over', async () => {
    const sent: string[] = [];
    let [busy, most] = [0, 0];
    const Root = rootOver(
      async function* (item) {
        for (const part of range(1, 20)) yield `${String(item)}.${String(part)}`;
      },
      async (output) => {
        busy += 1;
        most = Math.max(most, busy);
        sent.push(output);
        await delay(0);
        busy -= 1;
      },
    );
    const result = await runPipeline(Root);

    expect(most).toBe(1);
    expect(sent).toHaveLength(60);
    for (const item of [1, 2, 3]) {
      const own = sent.filter((output) => output.startsWith(`${String(item)}.`));
      expect(own).toEqual(range(1, 20).map((part) => `${String(item)}.${String(part)}`));
    }
    // Each of the three has had a turn before any has had two more than another.
    expect(new Set(sent.slice(0, 6).map((output) => output[0])).size).toBe(3);
    expectBalanced(result);
  });

  test('where a policy can undo a child, its outputs leave once it has succeeded', async () => {
    const sent: string[] = [];
    const Root = rootOver(
      async function* (item) {
        yield `${String(item)} begins`;
        await delay(item === 1 ? 20 : 1);
        if (item === 2) throw new TypeError('two');
        yield `${String(item)} ends`;
      },
      (output) => sent.push(output),
      { errorPolicy: 'skip' },
    );
    const result = await runPipeline(Root);

    expect(sent).toEqual(['3 begins', '3 ends', '1 begins', '1 ends']);
    expect(countsAt(result, 'root/child')).toMatchObject({ in: 3, out: 2, filtered: 1, emitted: 4 });
  });

  test('a failure ends the run at once, though outputs of others wait', async () => {
    const startedAt = performance.now();
    const Root = rootOver(
      async function* (item, context) {
        yield String(item);
        if (item === 3) throw new TypeError('three');
        await abortedAsFetchDoes(context.signal);
      },
      () => delay(1),
    );
    const error = await rejectionOf(runPipeline(Root));

    expect(error).toMatchObject({ cause: { message: 'three' } });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expectBalanced(resultOf(error));
  });
});
