import { describe, expect, test } from 'vitest';
import {
  PipelineRunner,
  runPipeline,
  StreamSinkNode,
  type NoItem,
  type OutputHandle,
  type PipelineBuilder,
} from 'heirline';
import {
  countsAt,
  definePipeline,
  delay,
  expectBalanced,
  rejectionOf,
  resultOf,
  type DefinitionClass,
} from './support/harness.js';

const never = new Promise<never>(() => undefined);

/** What a stream transform gives. */
type Given = (items: AsyncIterable<number>) => AsyncIterable<number> | Iterable<number>;

/** Adds a stream transform, and behind it a node. */
type Draw = (builder: AnyBuilder, input: OutputHandle<number>) => OutputHandle<number>;

type AnyBuilder = Pick<PipelineBuilder, 'addTransform' | 'addStreamTransform' | 'addSource' | 'addSink'>;

const childOf = (draw: Draw): DefinitionClass<number, number> =>
  definePipeline('child', (builder) => {
    builder.connect(draw(builder, builder.addCompositeInput()), builder.addCompositeOutput());
  });

const middleOf = (child: DefinitionClass<number, number>): DefinitionClass<number, number> =>
  definePipeline('middle', (builder) => {
    const inner = builder.addComposite(child, {
      from: builder.addCompositeInput(),
      name: 'inner',
      output: 'many',
    });
    builder.connect(inner, builder.addCompositeOutput());
  });

/** Where the stream transform stands: what items pass before a root's sink. */
const places: readonly (readonly [string, (builder: PipelineBuilder, draw: Draw) => OutputHandle<number>])[] =
  [
    ['at the top', (builder, draw) => draw(builder, builder.addSource([1, 2]))],
    ...(
      [
        ['in a child', { output: 'many' }],
        ['in a child in lanes', { output: 'many', concurrency: 4 }],
        ['in a child in lanes without an order', { output: 'many', concurrency: 4, ordered: false }],
        ['in a child of the whole stream', { granularity: 'stream' }],
      ] as const
    ).map(
      ([name, options]) =>
        [
          name,
          (builder: PipelineBuilder, draw: Draw) =>
            builder.addComposite(childOf(draw), {
              from: builder.addSource([1, 2]),
              name: 'child',
              ...options,
            }),
        ] as const,
    ),
    [
      'in a child in a child',
      (builder, draw) =>
        builder.addComposite(middleOf(childOf(draw)), {
          from: builder.addSource([1, 2]),
          name: 'middle',
          output: 'many',
        }),
    ],
  ];

const codes: readonly (readonly [string, Given])[] = [
  [
    'a generator that would wait for ever',
    async function* () {
      yield 1;
      await never;
    },
  ],
  [
    'one that reads its items',
    async function* (items) {
      yield* items;
      await never;
    },
  ],
  [
    'an iterator without return',
    () => {
      let asked = 0;
      return {
        [Symbol.asyncIterator]: () => ({
          next: () => {
            asked += 1;
            return asked === 1 ? Promise.resolve({ done: false, value: 1 }) : never;
          },
        }),
      };
    },
  ],
];

const cases = places.flatMap(([place, at]) => codes.map(([code, given]) => ({ place, at, code, given })));

/** The stream transform of a case, with a node behind it. */
const drawn =
  (given: Given, node: (item: number) => number): Draw =>
  (builder, input) =>
    builder.addTransform(node, {
      name: 'node',
      from: builder.addStreamTransform(given, { name: 'stream', from: input }),
    });

class TakesOne extends StreamSinkNode<number> {
  override async consume(items: AsyncIterable<number>): Promise<void> {
    for await (const item of items) if (item > 0) return;
  }
}

describe.each(cases)('a stream transform $place: $code', ({ at, given }) => {
  const startedAt = performance.now();
  const inTime = (): void => {
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  };

  test('is not asked once more when its reader has left, and the run succeeds', async () => {
    const Root = definePipeline('root', (builder) => {
      const output = at(
        builder,
        drawn(given, (item) => item),
      );
      builder.connect(output, builder.addSink(new TakesOne(), 'sink'));
    });
    const result = await runPipeline(Root);

    expect(result).toMatchObject({ status: 'succeeded', abandoned: [] });
    expectBalanced(result);
    inTime();
  });

  test('is not asked once more when a node behind it has failed', async () => {
    const Root = definePipeline('root', (builder) => {
      const output = at(
        builder,
        drawn(given, () => {
          throw new TypeError('behind');
        }),
      );
      builder.connect(
        output,
        builder.addSink(() => undefined, 'sink'),
      );
    });
    const error = await rejectionOf(runPipeline(Root));

    expect(error).toMatchObject({ code: 'NODE_FAILED', cause: { message: 'behind' } });
    expect(resultOf(error).abandoned).toEqual([]);
    expectBalanced(resultOf(error));
    inTime();
  });

  test('is not asked once more when the sink has failed', async () => {
    const Root = definePipeline('root', (builder) => {
      const output = at(
        builder,
        drawn(given, (item) => item),
      );
      builder.connect(
        output,
        builder.addSink(() => Promise.reject(new TypeError('sink')), 'sink'),
      );
    });
    const error = await rejectionOf(runPipeline(Root));

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/sink' });
    expect(resultOf(error).abandoned).toEqual([]);
    inTime();
  });

  test('is not asked once more when the run was cancelled', async () => {
    const Root = definePipeline('root', (builder) => {
      const output = at(
        builder,
        drawn(given, (item) => item),
      );
      builder.connect(
        output,
        builder.addSink(async (_item: number, context) => {
          await delay(1);
          context.run.cancel();
        }, 'sink'),
      );
    });
    const error = await rejectionOf(runPipeline(Root));

    expect(error).toMatchObject({ code: 'RUN_CANCELLED' });
    expect(resultOf(error).abandoned).toEqual([]);
    inTime();
  });
});

describe('an item that is a promise which never settles', () => {
  const list = (): Iterable<number> => [1, never as unknown as number];
  const generated = function* (): Iterable<number> {
    yield 1;
    yield never as unknown as number;
  };
  const sources = { list, generated } as const;
  const drawSource = (
    builder: AnyBuilder,
    kind: keyof typeof sources,
    isTransform: boolean,
  ): OutputHandle<number> =>
    isTransform
      ? builder.addStreamTransform(sources[kind], { name: 'giving', from: builder.addSource([1]) })
      : builder.addSource(sources[kind](), 'giving');

  const kinds = [
    ['a list', 'list', false],
    ['a generator', 'generated', false],
    ['a list of a stream transform', 'list', true],
    ['a generator of a stream transform', 'generated', true],
  ] as const;
  const roots: readonly (readonly [
    string,
    (
      kind: keyof typeof sources,
      isTransform: boolean,
      isCancelled: boolean,
    ) => DefinitionClass<NoItem, NoItem>,
  ])[] = [
    [
      'at the top',
      (kind, isTransform, isCancelled) =>
        definePipeline('root', (builder) => {
          const given = drawSource(builder, kind, isTransform);
          builder.connect(given, endOf(builder, isCancelled));
        }),
    ],
    [
      'in a child',
      (kind, isTransform, isCancelled) =>
        definePipeline('root', (builder) => {
          const Child = definePipeline<number, number>('child', (inner) => {
            const input = inner.addCompositeInput();
            inner.connect(input, inner.addCompositeOutput());
            inner.connect(drawSource(inner, kind, isTransform), endOf(inner, isCancelled));
          });
          const child = builder.addComposite(Child, { from: builder.addSource([1]), concurrency: 2 });
          builder.connect(
            child,
            builder.addSink(() => undefined),
          );
        }),
    ],
  ];
  const endOf = (builder: AnyBuilder, isCancelled: boolean) =>
    isCancelled
      ? builder.addSink(async (_item: number, context) => {
          await delay(1);
          context.run.cancel();
        })
      : builder.addSink(new TakesOne());

  describe.each(kinds)('in %s', (_name, kind, isTransform) => {
    test.each(roots)('keeps nothing open where nobody reads on, %s', async (_place, rootOf) => {
      const result = await runPipeline(rootOf(kind, isTransform, false));

      expect(result).toMatchObject({ status: 'succeeded', abandoned: [] });
    });

    test.each(roots)('keeps nothing open after a cancel, %s', async (_place, rootOf) => {
      const error = await rejectionOf(runPipeline(rootOf(kind, isTransform, true)));

      expect(error.code).toBe('RUN_CANCELLED');
      expect(resultOf(error).abandoned).toEqual([]);
    });
  });

  test('keeps nothing open where it is asked for, and another branch fails', async () => {
    for (const isTransform of [false, true]) {
      const Root = definePipeline('root', (builder) => {
        builder.connect(
          drawSource(builder, 'list', isTransform),
          builder.addSink(() => undefined),
        );
        builder.connect(
          builder.addSource([1]),
          builder.addSink(() => delay(10).then(() => Promise.reject(new TypeError('beside')))),
        );
      });
      const error = await rejectionOf(runPipeline(Root));

      expect(error).toMatchObject({ cause: { message: 'beside' } });
      expect(resultOf(error).abandoned).toEqual([]);
    }
  });
});

describe('a step of a stream transform that is under way', () => {
  test('is raced with the end, and left after the grace period where it never answers', async () => {
    const Root = definePipeline('root', (builder) => {
      const given = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>) {
          for await (const item of items) yield item;
          await never;
        },
        { name: 'stream', from: builder.addSource([1]) },
      );
      builder.connect(
        given,
        builder.addSink(() => undefined),
      );
    });
    const error = await rejectionOf(
      new PipelineRunner({ graceMs: 30 }).run(Root, { run: { timeoutMs: 20 } }),
    );

    expect(resultOf(error)).toMatchObject({ status: 'cancelled', abandoned: ['root/stream'] });
    expect(countsAt(resultOf(error), 'root/stream')).toMatchObject({ in: 1, out: 1 });
  });
});
