import { describe, expect, test } from 'vitest';
import {
  PipelineRunner,
  requireContext,
  runPipeline,
  type PipelineBuilder,
  type OutputHandle,
  type PipelineContext,
} from 'heirline';
import {
  abortedAsFetchDoes,
  definePipeline,
  delay,
  rejectionOf,
  resultOf,
  range,
  type DefinitionClass,
} from './support/harness.js';
import { heapInUse } from './support/garbage.js';

/** What a child gives: work that goes on in its context after it has ended. */
type Work = () => unknown;

type Make = (context: PipelineContext) => Work | Promise<Work>;

interface Shape {
  readonly name: string;
  readonly draw: (builder: PipelineBuilder<number, Work>, made: OutputHandle<Work>) => void;
  readonly composite?: { readonly timeoutMs?: number; readonly cancellable?: boolean };
  readonly node?: { readonly timeoutMs?: number; readonly concurrency?: number };
}

const straight: Shape['draw'] = (builder, made) => {
  builder.connect(made, builder.addCompositeOutput());
};

/** Children that end alone: each has a scope of its own, which hears when one branch of it fails, or its limit. */
const shapes: readonly Shape[] = [
  {
    name: 'a second branch',
    draw: (builder, made) => {
      builder.connect(
        made,
        builder.addSink(() => undefined),
      );
      straight(builder, made);
    },
  },
  { name: 'lanes', draw: straight, node: { concurrency: 4 } },
  {
    name: 'a stream transform',
    draw: (builder, made) => {
      straight(
        builder,
        builder.addStreamTransform((items: AsyncIterable<Work>) => items, { from: made }),
      );
    },
  },
  {
    name: 'a source of its own',
    draw: (builder, made) => {
      builder.connect(
        builder.addSource([1]),
        builder.addSink(() => undefined),
      );
      straight(builder, made);
    },
  },
  { name: 'a limit of its own', draw: straight, composite: { timeoutMs: 60_000 } },
  { name: 'an end of its own', draw: straight, composite: { cancellable: true } },
  { name: 'a node with a limit', draw: straight, node: { timeoutMs: 60_000 } },
];

function childOf(shape: Shape, make: Make): DefinitionClass<number, Work> {
  return definePipeline('child', (builder) => {
    const made = builder.addTransform((_item: number, context) => make(context), {
      name: 'make',
      from: builder.addCompositeInput(),
      ...shape.node,
    });
    shape.draw(builder, made);
  });
}

/** The child in a child that ends with it, whose output goes on too. */
function nested(child: DefinitionClass<number, Work>): DefinitionClass<number, Work> {
  return definePipeline('middle', (builder) => {
    const inner = builder.addComposite(child, { from: builder.addCompositeInput(), cancellable: true });
    builder.connect(inner, builder.addCompositeOutput());
  });
}

/** A run whose node does the work that the children have left. */
function rootOver(child: DefinitionClass<number, Work>, shape: Shape, items: readonly number[] = [1]) {
  return definePipeline('root', (builder) => {
    const given = builder.addComposite(child, { from: builder.addSource(items), ...shape.composite });
    builder.connect(
      given,
      builder.addSink(async (work: Work) => {
        await work();
      }, 'sink'),
    );
  });
}

const levels = [
  { level: 'a child', wrap: (child: DefinitionClass<number, Work>) => child },
  { level: 'a grandchild', wrap: nested },
];
const cases = shapes.flatMap((shape) => levels.map((level) => ({ ...level, shape, shapeName: shape.name })));

describe.each(cases)('$level that has ended, with $shapeName', ({ shape, wrap }) => {
  const runWith = (make: Make, timeoutMs = 25) =>
    rejectionOf(runPipeline(rootOver(wrap(childOf(shape, make)), shape), { run: { timeoutMs } }));

  test('shows the signal of the run around it, to work that begins then', async () => {
    const startedAt = performance.now();
    const error = await runWith((context) => () => abortedAsFetchDoes(context.signal));

    expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'deadline' });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  test('has a listener that it left on its signal hear the end of the run', async () => {
    const heard: unknown[] = [];
    const error = await runWith((context) => {
      const { signal } = context;
      signal.addEventListener('abort', () => heard.push(signal.reason));
      return () => delay(100);
    });

    expect(heard).toHaveLength(1);
    expect(heard[0]).toMatchObject({ code: 'RUN_CANCELLED', kind: 'deadline' });
    expect(resultOf(error).status).toBe('cancelled');
  });

  test('has its cancel listener called, once, in its own context', async () => {
    const heard: unknown[] = [];
    await runWith((context) => {
      const { path } = requireContext();
      context.run.onCancel(({ kind }) => heard.push([kind, requireContext().path === path]));
      return () => delay(100);
    });

    expect(heard).toEqual([['deadline', true]]);
  });

  test('has a cancel listener called that is added afterwards', async () => {
    const heard: string[] = [];
    await runWith((context) => () => {
      context.run.onCancel(({ kind }) => heard.push(kind));
      return delay(100);
    });

    expect(heard).toEqual(['deadline']);
  });

  test('has a run that it started end with the run around it', async () => {
    const ended: unknown[] = [];
    const Endless = definePipeline('endless', (builder) => {
      builder.connect(
        builder.addSource([1]),
        builder.addSink((_item: number, context) => abortedAsFetchDoes(context.signal)),
      );
    });
    await runWith(() => {
      const inner = rejectionOf(new PipelineRunner().run(Endless)).then((error) => ended.push(error));
      return () => inner;
    });

    expect(ended).toMatchObject([{ code: 'RUN_CANCELLED', kind: 'deadline' }]);
  });

  test('hears nothing where the run succeeds', async () => {
    const heard: string[] = [];
    await runPipeline(
      rootOver(
        wrap(
          childOf(shape, (context) => {
            context.signal.addEventListener('abort', () => heard.push('signal'));
            context.run.onCancel(({ kind }) => heard.push(kind));
            return () => undefined;
          }),
        ),
        shape,
        [1, 2, 3],
      ),
    );

    expect(heard).toEqual([]);
  });
});

describe('what a source leaves when it has ended', () => {
  test('hears the end of the run: its listeners, and runs that it started', async () => {
    const heard: unknown[] = [];
    const Root = definePipeline('root', (builder) => {
      const source = builder.addSource((context) => {
        context.signal.addEventListener('abort', () => heard.push('signal'));
        context.run.onCancel(({ kind }) => heard.push(kind));
        return [1];
      }, 'source');
      // The source ends while this sink still works.
      const sink = builder.addSink((_item: number, context) => abortedAsFetchDoes(context.signal), {
        concurrency: 2,
      });
      builder.connect(source, sink);
    });
    await rejectionOf(runPipeline(Root, { run: { timeoutMs: 25 } }));

    expect(heard).toEqual(['deadline', 'signal']);
  });
});

describe('a run that is started in a try with a limit', () => {
  const Endless = definePipeline('endless', (builder) => {
    builder.connect(
      builder.addSource([1]),
      builder.addSink((_item: number, context) => abortedAsFetchDoes(context.signal)),
    );
  });
  const EndlessChild = definePipeline<number, number>('endless-child', (builder) => {
    const node = builder.addTransform((_item: number, context) => abortedAsFetchDoes(context.signal), {
      from: builder.addCompositeInput(),
    });
    builder.connect(node, builder.addCompositeOutput());
  });
  const runner = new PipelineRunner();
  const starts: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['run', () => runner.run(Endless)],
    ['runItem', () => runner.runItem(EndlessChild, 1)],
    [
      'stream',
      async () => {
        for await (const item of runner.stream(EndlessChild, [1])) return item;
        return undefined;
      },
    ],
    ['requireContext', () => abortedAsFetchDoes(requireContext().signal)],
  ];

  test.each(starts)('ends with that try: %s', async (_name, start) => {
    const ends: unknown[] = [];
    const Root = definePipeline('root', (builder) => {
      const node = builder.addTransform(
        async (item: number) => {
          ends.push(await rejectionOf(start()));
          return item;
        },
        { name: 'node', from: builder.addSource([1, 2]), timeoutMs: 20, errorPolicy: 'skip' },
      );
      builder.connect(
        node,
        builder.addSink(() => undefined),
      );
    });
    const result = await runPipeline(Root);

    expect(result.nodes.get('root/node')).toMatchObject({ in: 2, filtered: 2 });
    expect(ends).toMatchObject([{ kind: 'deadline' }, { kind: 'deadline' }]);
  });

  test('goes on after a try that succeeded, and ends with the run', async () => {
    const ends: Promise<unknown>[] = [];
    const Root = definePipeline('root', (builder) => {
      const node = builder.addTransform(
        (item: number) => {
          ends.push(rejectionOf(runner.run(Endless)));
          return item;
        },
        { name: 'node', from: builder.addSource([1]), timeoutMs: 10 },
      );
      builder.connect(
        node,
        builder.addSink((_item: number, context) => abortedAsFetchDoes(context.signal)),
      );
    });
    const startedAt = performance.now();
    await rejectionOf(runPipeline(Root, { run: { timeoutMs: 50 } }));

    expect(await Promise.all(ends)).toMatchObject([{ kind: 'deadline', path: 'root' }]);
    expect(performance.now() - startedAt).toBeGreaterThan(45);
  });

  test('is one scope for its argument and for what is current; a cancel there means the scope around it', async () => {
    const seen: unknown[] = [];
    const Root = definePipeline('root', (builder) => {
      const node = builder.addTransform(
        async (item: number, context) => {
          const ambient = requireContext();
          await delay(1);
          seen.push(
            ambient === requireContext(),
            ambient.signal === context.signal,
            ambient.runId === context.runId,
          );
          seen.push(ambient.run.deadline?.getTime() === context.run.deadline?.getTime());
          ambient.cancel();
          return item;
        },
        { name: 'node', from: builder.addSource([1]), timeoutMs: 60_000 },
      );
      builder.connect(
        node,
        builder.addSink(() => undefined),
      );
    });
    const error = await rejectionOf(runPipeline(Root));

    expect(seen).toEqual([true, true, true, true]);
    expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'user' });
  });
});

describe('200,000 children that have read their signal', () => {
  test('keep nothing, where they left no listener', { timeout: 60_000 }, async () => {
    const heap: number[] = [];
    const Child = definePipeline<number, number>('child', (builder) => {
      const node = builder.addTransform(
        (item: number, { signal }) => {
          const forget = (): void => undefined;
          signal.addEventListener('abort', forget);
          signal.removeEventListener('abort', forget);
          return item;
        },
        { from: builder.addCompositeInput() },
      );
      builder.connect(node, builder.addCompositeOutput());
    });
    const Root = definePipeline('root', (builder) => {
      const source = builder.addSource(range(1, 200_000), 'source');
      const child = builder.addComposite(Child, { from: source, cancellable: true });
      builder.connect(
        child,
        builder.addSink((item: number) => {
          if (item === 20_000 || item === 200_000) heap.push(heapInUse());
        }),
      );
    });
    await runPipeline(Root);

    const [early = 0, late = Infinity] = heap;
    // Kept, each would take 0.8 kB: 140 MB.
    expect(late - early).toBeLessThan(10);
  });
});
