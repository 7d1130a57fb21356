import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  contextKey,
  errorPolicy,
  PipelineContext,
  PipelineError,
  PipelineRunner,
  runPipeline,
  SinkNode,
  SourceNode,
  StreamSinkNode,
  TransformNode,
} from 'heirline';
import {
  countsAt,
  definePipeline,
  defineStep,
  delay,
  expectBalanced,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
  throwAnything,
  unhandledDuring,
} from './support/harness.js';

/** A parent whose composite `child` holds a composite `grandchild` whose transform is `node`. */
function threeLevels(step: (item: number) => number | Promise<number>, items: Iterable<number> = [1]) {
  const Grandchild = defineStep<number, number>('grandchild-pipeline', 'node', step);
  const Child = definePipeline<number, number>('child-pipeline', (builder) => {
    const grandchild = builder.addComposite(Grandchild, 'grandchild');
    builder
      .connect(builder.addCompositeInput(), grandchild)
      .connect(grandchild, builder.addCompositeOutput());
  });
  return definePipeline('parent', (builder) => {
    const child = builder.addComposite(Child, { name: 'child', from: builder.addSource(items, 'numbers') });
    builder.connect(
      child,
      builder.addSink(() => undefined, 'sink'),
    );
  });
}

describe('a node that fails', () => {
  for (const [manner, fail] of [
    ['throws', (error: Error): number => throwAnything(error)],
    ['rejects', (error: Error): Promise<number> => Promise.reject(error)],
  ] as const) {
    test(`two levels down ${manner}: the run rejects once, with its full path and the original as cause`, async () => {
      const original = new RangeError('no such street');

      const error = await rejectionOf(runPipeline(threeLevels(() => fail(original))));

      expect(error).toBeInstanceOf(PipelineError);
      expect(error).toBeInstanceOf(Error);
      expect(error.code).toBe('NODE_FAILED');
      expect(error.path).toBe('parent/child/grandchild/node');
      expect(error.cause).toBe(original);
    });
  }

  test('names itself, not its neighbours', async () => {
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource([1, 2, 3], 'source');
      const before = builder.addTransform((item: number) => item, { name: 'before', from: source });
      const broken = builder.addTransform(
        (item: number) => (item === 2 ? throwAnything(new Error('broken')) : item),
        { name: 'broken', from: before },
      );
      const after = builder.addTransform((item: number) => item, { name: 'after', from: broken });
      builder.connect(
        after,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const error = await rejectionOf(runPipeline(Parent));

    expect(error.path).toBe('parent/broken');
    const result = resultOf(error);
    expectBalanced(result);
    expect(countsAt(result, 'parent/broken')).toMatchObject({ in: 2, out: 1, failed: 1 });
    for (const neighbour of ['source', 'before', 'after', 'sink']) {
      expect(countsAt(result, `parent/${neighbour}`).failed).toBe(0);
    }
    expect(countsAt(result, 'parent/sink')).toMatchObject({ in: 1, out: 1 });
  });

  test('is counted as failed at every composite around it', async () => {
    const error = await rejectionOf(
      runPipeline(
        threeLevels((item) => (item === 3 ? throwAnything(new Error('three')) : item), range(1, 5)),
      ),
    );

    const result = resultOf(error);
    expect(result.status).toBe('failed');
    expectBalanced(result);
    for (const path of ['parent/child', 'parent/child/grandchild', 'parent/child/grandchild/node']) {
      expect(countsAt(result, path)).toMatchObject({ in: 3, out: 2, failed: 1 });
    }
  });

  test('ends the run: no item is pulled afterwards', async () => {
    let pulled = 0;
    function* endless() {
      for (;;) yield ++pulled;
    }

    await rejectionOf(
      runPipeline(threeLevels((item) => (item === 4 ? throwAnything(new Error('four')) : item), endless())),
    );

    expect(pulled).toBe(4);
  });

  test('gives up what is under way beside it: that counts as cancelled, also where the run goes on', async () => {
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const spread = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>) {
          for await (const item of items) yield* [item * 10 + 1, item * 10 + 2, item * 10 + 3];
        },
        { name: 'spread', from: builder.addCompositeInput() },
      );
      const work = builder.addTransform(
        async (item: number) => {
          if (item === 12) throw new Error('twelve');
          if (item < 20) await delay(3);
          return item;
        },
        { name: 'work', from: spread, concurrency: 3 },
      );
      builder.connect(work, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource([1, 2], 'source'),
        output: 'many',
        errorPolicy: errorPolicy('skip'),
      });
      builder.connect(
        child,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const result = await runPipeline(Parent);

    expect(countsAt(result, 'parent/child')).toMatchObject({ in: 2, out: 1, filtered: 1 });
    expect(countsAt(result, 'parent/child/work').failed).toBe(1);
    const inside = [...result.nodes].filter(([path]) => path.startsWith('parent/child/'));
    expect(inside.reduce((total, [, counts]) => total + counts.cancelled, 0)).toBeGreaterThanOrEqual(1);
    expect(countsAt(result, 'parent/sink').in).toBe(3);
    expectBalanced(result);
  });

  test('closes the source, and its finally block has run when the run rejects', async () => {
    const closed: string[] = [];
    async function* numbers() {
      try {
        for (const item of range(1, 10)) yield await Promise.resolve(item);
      } finally {
        await nextTurn();
        closed.push('numbers');
      }
    }
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource(() => numbers(), 'source');
      const broken = builder.addTransform((): number => throwAnything(new Error('broken')), {
        name: 'broken',
        from: source,
      });
      builder.connect(
        broken,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    await rejectionOf(runPipeline(Parent));

    expect(closed).toEqual(['numbers']);
  });

  test('that throws an error of this library surfaces as NODE_FAILED around it', async () => {
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource([1], 'source');
      const needy = builder.addTransform((_item: number, context) => context.parameters.require('absent'), {
        name: 'needy',
        from: source,
      });
      builder.connect(
        needy,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const error = await rejectionOf(runPipeline(Parent));

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'parent/needy' });
    expect(error.cause).toBeInstanceOf(PipelineError);
    expect(error.cause).toMatchObject({ code: 'CONTEXT_KEY_MISSING' });
  });

  test('says in its message where it failed and why', async () => {
    const error = await rejectionOf(
      runPipeline(threeLevels(() => throwAnything(new Error('no such street')))),
    );

    expect(error.message).toContain('parent/child/grandchild/node');
    expect(error.message).toContain('no such street');
  });

  test('beside another that fails at the same time: the run rejects once and nothing goes unhandled', async () => {
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource([1], 'source');
      for (const name of ['left', 'right']) {
        const broken = builder.addTransform(
          async (item: number): Promise<number> => {
            await nextTurn();
            return throwAnything(new Error(`${name} of ${String(item)}`));
          },
          { name, from: source },
        );
        builder.connect(
          broken,
          builder.addSink(() => undefined, `${name}-sink`),
        );
      }
    });

    const unhandled = await unhandledDuring(async () => {
      const error = await rejectionOf(runPipeline(Parent));
      expect(['parent/left', 'parent/right']).toContain(error.path);
      expectBalanced(resultOf(error));
    });

    expect(unhandled).toEqual([]);
  });
});

describe('every kind of node', () => {
  const original = new Error('broken');

  class BrokenOpen extends SourceNode<number> {
    override open(): Iterable<number> {
      return throwAnything(original);
    }
  }
  class BrokenTransform extends TransformNode<number, number> {
    override transform(): number {
      return throwAnything(original);
    }
  }
  class BrokenWrite extends SinkNode<number> {
    override write(): void {
      throwAnything(original);
    }
  }
  class BrokenFlush extends SinkNode<number> {
    override write(): void {
      // takes everything
    }
    override flush(): void {
      throwAnything(original);
    }
  }
  class BrokenConsume extends StreamSinkNode<number> {
    override async consume(items: AsyncIterable<number>): Promise<void> {
      for await (const item of items) if (item === 1) throwAnything(original);
    }
  }
  class BrokenInit extends TransformNode<number, number> {
    override init(): void {
      throwAnything(original);
    }
    override transform(item: number): number {
      return item;
    }
  }

  const pipelines = {
    'a source that throws when opened': definePipeline('parent', (builder) => {
      builder.connect(
        builder.addSource(BrokenOpen, 'node'),
        builder.addSink(() => undefined, 'sink'),
      );
    }),
    'a source function that rejects': definePipeline('parent', (builder) => {
      builder.connect(
        builder.addSource((): Promise<number[]> => Promise.reject(original), 'node'),
        builder.addSink(() => undefined, 'sink'),
      );
    }),
    'a source that throws half-way': definePipeline('parent', (builder) => {
      const source = builder.addSource(function* () {
        yield 1;
        yield 2;
        throw original;
      }, 'node');
      builder.connect(
        source,
        builder.addSink(() => undefined, 'sink'),
      );
    }),
    'an async source that rejects half-way': definePipeline('parent', (builder) => {
      const source = builder.addSource(async function* () {
        yield await Promise.resolve(1);
        throw original;
      }, 'node');
      builder.connect(
        source,
        builder.addSink(() => undefined, 'sink'),
      );
    }),
    'a transform class': definePipeline('parent', (builder) => {
      const node = builder.addTransform(BrokenTransform, {
        name: 'node',
        from: builder.addSource([1], 'source'),
      });
      builder.connect(
        node,
        builder.addSink(() => undefined, 'sink'),
      );
    }),
    'a stream transform': definePipeline('parent', (builder) => {
      const node = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>) {
          for await (const item of items) yield item === 2 ? throwAnything(original) : item;
        },
        { name: 'node', from: builder.addSource([1, 2, 3], 'source') },
      );
      builder.connect(
        node,
        builder.addSink(() => undefined, 'sink'),
      );
    }),
    'a sink function': definePipeline('parent', (builder) => {
      builder.connect(
        builder.addSource([1], 'source'),
        builder.addSink((_item: number) => throwAnything(original), 'node'),
      );
    }),
    'a sink class': definePipeline('parent', (builder) => {
      builder.connect(builder.addSource([1], 'source'), builder.addSink(BrokenWrite, 'node'));
    }),
    'a sink that fails when flushed': definePipeline('parent', (builder) => {
      builder.connect(builder.addSource([1], 'source'), builder.addSink(BrokenFlush, 'node'));
    }),
    'a stream sink': definePipeline('parent', (builder) => {
      builder.connect(builder.addSource([1], 'source'), builder.addSink(BrokenConsume, 'node'));
    }),
    'a node that fails in init': definePipeline('parent', (builder) => {
      const node = builder.addTransform(BrokenInit, { name: 'node', from: builder.addSource([1], 'source') });
      builder.connect(
        node,
        builder.addSink(() => undefined, 'sink'),
      );
    }),
  };

  for (const [title, Parent] of Object.entries(pipelines)) {
    test(`${title} is NODE_FAILED at that node, with the original as cause and balanced counts`, async () => {
      const error = await rejectionOf(runPipeline(Parent));

      expect(error.code).toBe('NODE_FAILED');
      expect(error.path).toBe('parent/node');
      expect(error.cause).toBe(original);
      expect(resultOf(error).status).toBe('failed');
      expectBalanced(resultOf(error));
    });
  }
});

describe('what an error shows', () => {
  const Password = contextKey<string>('Password');

  test('its result is there to read but is not enumerable', async () => {
    const error = await rejectionOf(runPipeline(threeLevels(() => throwAnything(new Error('broken')))));

    expect(error.result).toBeDefined();
    expect(Object.keys(error)).not.toContain('result');
  });

  test('printed or serialised, it shows no parameter of the run', async () => {
    const error = await rejectionOf(
      runPipeline(
        threeLevels(() => throwAnything(new Error('broken'))),
        { parameters: [[Password, 'correct horse']], items: { service: 'battery staple' } },
      ),
    );

    expect(resultOf(error).context.parameters.get(Password)).toBe('correct horse');
    const shown = `${inspect(error, { depth: 10 })} ${JSON.stringify(error)} ${String(error)}`;
    expect(shown).not.toContain('correct horse');
    expect(shown).not.toContain('battery staple');
  });

  test('a context, printed or serialised, shows its ids only', () => {
    const context = new PipelineContext({
      run: { runId: 'run-of-monday' },
      parameters: [[Password, 'correct horse']],
      items: { service: 'battery staple' },
      properties: { note: 'stapler' },
    });

    for (const shown of [inspect(context, { depth: 10 }), JSON.stringify(context)]) {
      expect(shown).toContain('run-of-monday');
      expect(shown).not.toContain('correct horse');
      expect(shown).not.toContain('stapler');
      expect(shown).not.toContain('battery staple');
    }
  });
});

describe('after a failure', () => {
  test('the same runner and the same class run again as if nothing had been', async () => {
    let healthy = false;
    const Parent = threeLevels((item) => (healthy ? item : throwAnything(new Error('not yet'))));
    const runner = new PipelineRunner();

    const error = await rejectionOf(runner.run(Parent));
    healthy = true;
    const result = await runner.run(Parent);

    expect(result.status).toBe('succeeded');
    expect(result.runId).not.toBe(resultOf(error).runId);
    expect(countsAt(result, 'parent/child/grandchild/node')).toMatchObject({ in: 1, out: 1, failed: 0 });
  });

  test('a run that succeeded has a result with its ids, its status and no abandoned node', async () => {
    const result = await runPipeline(threeLevels((item) => item * 2, range(1, 3)));

    expect(result).toMatchObject({ pipelineName: 'parent', status: 'succeeded', abandoned: [] });
    expect(result.runId).not.toBe('');
    expect(result.pipelineId).not.toBe('');
    expect(result.durationMs).toBeGreaterThanOrEqual(0);
    expect(result.context.runId).toBe(result.runId);
    expectBalanced(result);
    expect(countsAt(result, 'parent/numbers')).toMatchObject({
      nodeId: 'numbers',
      pipelineName: 'parent',
      in: 3,
      out: 3,
      emitted: 3,
    });
    expect(countsAt(result, 'parent/sink')).toMatchObject({ in: 3, out: 3 });
    expect(countsAt(result, 'parent/child/grandchild/node')).toMatchObject({
      nodeId: 'node',
      pipelineName: 'grandchild-pipeline',
      in: 3,
      out: 3,
    });
  });
});
