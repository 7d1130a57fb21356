import { describe, expect, test } from 'vitest';
import {
  contextKey,
  errorPolicy,
  PipelineContext,
  PipelineError,
  PipelineRunner,
  runPipeline,
  type DefinitionContext,
  type PipelineBuilder,
  type PipelineDefinition,
  type TransformNode,
} from 'heirline';
import {
  codesOf,
  countsAt,
  definePipeline,
  defineStep,
  errorOf,
  expectBalanced,
  KeptLetters,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
  throwAnything,
  unhandledDuring,
} from './support/harness.js';

const ignore = (): void => undefined;

function transforming(step: (item: number) => unknown, items: Iterable<number> = [1, 2, 3]) {
  return definePipeline('parent', (builder) => {
    const node = builder.addTransform(step, { name: 'node', from: builder.addSource(items, 'source') });
    builder.connect(node, builder.addSink(ignore, 'sink'));
  });
}

describe('a source that throws half-way', () => {
  for (const [title, open] of [
    [
      'synchronous',
      function* () {
        yield* range(1, 5);
        throw new Error('disk is gone');
      },
    ],
    [
      'asynchronous',
      async function* () {
        for (const item of range(1, 5)) yield await Promise.resolve(item);
        throw new Error('disk is gone');
      },
    ],
  ] as const) {
    test(`${title}: names itself, and every item before it is accounted for`, async () => {
      const outputs: number[] = [];
      const Parent = definePipeline('parent', (builder) => {
        builder.connect(
          builder.addSource(open, 'source'),
          builder.addSink((item: number) => outputs.push(item), 'sink'),
        );
      });

      const error = await rejectionOf(runPipeline(Parent));

      expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'parent/source' });
      expect(outputs).toEqual([1, 2, 3, 4, 5]);
      expect(countsAt(resultOf(error), 'parent/sink')).toMatchObject({ in: 5, out: 5 });
      expectBalanced(resultOf(error));
    });
  }

  test('while items are on their way with concurrency: they are accounted for, none is lost silently', async () => {
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource(async function* () {
        for (const item of range(1, 10)) yield await Promise.resolve(item);
        throw new Error('disk is gone');
      }, 'source');
      const slow = builder.addTransform(
        async (item: number) => {
          await nextTurn();
          return item;
        },
        { name: 'slow', from: source, concurrency: 4 },
      );
      builder.connect(slow, builder.addSink(ignore, 'sink'));
    });

    const unhandled = await unhandledDuring(async () => {
      const error = await rejectionOf(runPipeline(Parent));
      expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'parent/source' });
      expectBalanced(resultOf(error));
      expect(countsAt(resultOf(error), 'parent/slow').in).toBeLessThanOrEqual(10);
    });

    expect(unhandled).toEqual([]);
  });
});

describe('a node that throws what is no error', () => {
  const values: [string, unknown][] = [
    ['a string', 'no'],
    ['a number', 7],
    ['undefined', undefined],
    ['null', null],
    ['a symbol', Symbol('no')],
    ['a plain object', { status: 404 }],
    ['an object without a prototype', Object.create(null)],
    ['a frozen error', Object.freeze(new Error('frozen'))],
    [
      'an object whose properties throw',
      new Proxy(
        {},
        {
          get: () => throwAnything(new Error('do not look')),
        },
      ),
    ],
  ];

  for (const [title, value] of values) {
    test(`${title}: surfaces as NODE_FAILED with the value as cause`, async () => {
      const error = await rejectionOf(runPipeline(transforming(() => throwAnything(value))));

      expect(error.code).toBe('NODE_FAILED');
      expect(error.path).toBe('parent/node');
      expect(Object.is(error.cause, value)).toBe(true);
      expectBalanced(resultOf(error));
    });

    test(`${title}: can be skipped and dead-lettered like an error`, async () => {
      const letters = new KeptLetters();
      const Parent = definePipeline('parent', (builder) => {
        const source = builder.addSource([1], 'source');
        for (const decision of ['skip', 'deadLetter'] as const) {
          const node = builder.addTransform((): number => throwAnything(value), {
            name: decision,
            from: source,
            errorPolicy: errorPolicy(decision),
          });
          builder.connect(node, builder.addSink(ignore, `after-${decision}`));
        }
      });

      const result = await runPipeline(Parent, { deadLetterSink: letters });

      expect(countsAt(result, 'parent/skip')).toMatchObject({ in: 1, filtered: 1 });
      expect(countsAt(result, 'parent/deadLetter')).toMatchObject({ in: 1, deadLettered: 1 });
      expect(letters.envelopes).toHaveLength(1);
      expect(letters.envelopes[0]?.error.code).toBe('NODE_FAILED');
    });
  }
});

describe('a source that gives nothing to iterate', () => {
  for (const [title, thing] of [
    ['undefined', undefined],
    ['null', null],
    ['a number', 42],
    ['an empty object', {}],
  ] as const) {
    test(`but ${title}: the run rejects, naming the source`, async () => {
      const Parent = definePipeline('parent', (builder) => {
        const source = builder.addSource(() => thing as Iterable<number>, 'source');
        builder.connect(source, builder.addSink(ignore, 'sink'));
      });

      const error = await rejectionOf(runPipeline(Parent));

      expect(error.path).toBe('parent/source');
      expect(error.message.length).toBeGreaterThan(20);
    });
  }

  for (const [title, open] of [
    ['an iterator', (next: () => unknown) => ({ [Symbol.iterator]: () => ({ next }) })],
    [
      'an async iterator',
      (next: () => unknown) => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(next()) }) }),
    ],
  ] as const) {
    test(`${title} that gives no result objects is an error of the source, as in any loop`, async () => {
      let left = 1_000;
      const next = (): unknown => {
        left -= 1;
        return left > 0 ? 5 : { done: true };
      };
      const Parent = definePipeline('parent', (builder) => {
        const source = builder.addSource(open(next) as unknown as Iterable<number>, 'source');
        builder.connect(source, builder.addSink(ignore, 'sink'));
      });

      const error = await rejectionOf(runPipeline(Parent));

      expect(error.path).toBe('parent/source');
      expectBalanced(resultOf(error));
    });
  }

  test('an empty source is no mistake', async () => {
    const result = await runPipeline(transforming((item) => item, []));

    expect(result.status).toBe('succeeded');
    expect(countsAt(result, 'parent/source')).toMatchObject({ in: 0, out: 0 });
  });

  test('a one-shot iterator can be opened once; the second run says so', async () => {
    const once = [1, 2, 3].values();
    const runner = new PipelineRunner();
    const Parent = transforming((item) => item, once);

    await runner.run(Parent);
    const error = await rejectionOf(runner.run(Parent));

    expect(error).toMatchObject({ code: 'SOURCE_EXHAUSTED', path: 'parent/source' });
  });

  test('an array can be opened as often as one likes', async () => {
    const runner = new PipelineRunner();
    const Parent = transforming((item) => item, [1, 2, 3]);

    await runner.run(Parent);

    expect(countsAt(await runner.run(Parent), 'parent/source').in).toBe(3);
  });
});

describe('a stream transform that gives nothing to iterate', () => {
  test('is an error that names it', async () => {
    const Parent = definePipeline('parent', (builder) => {
      const node = builder.addStreamTransform(() => undefined as unknown as AsyncIterable<number>, {
        name: 'node',
        from: builder.addSource([1, 2], 'source'),
      });
      builder.connect(node, builder.addSink(ignore, 'sink'));
    });

    const error = await rejectionOf(runPipeline(Parent));

    expect(error.path).toBe('parent/node');
    expectBalanced(resultOf(error));
  });
});

describe('thenables', () => {
  test('are awaited, whoever made them', async () => {
    const outputs: unknown[] = [];
    const thenable = (value: number): PromiseLike<number> => ({
      then: (resolve) => Promise.resolve(value).then(resolve),
    });
    const Parent = definePipeline('parent', (builder) => {
      const node = builder.addTransform((item: number) => thenable(item * 2) as Promise<number>, {
        name: 'node',
        from: builder.addSource([1, 2], 'source'),
      });
      builder.connect(
        node,
        builder.addSink((item: number) => outputs.push(item), 'sink'),
      );
    });

    await runPipeline(Parent);

    expect(outputs).toEqual([2, 4]);
  });

  test('whose then throws fail the item', async () => {
    const throwing = { then: () => throwAnything(new Error('then throws')) };

    const error = await rejectionOf(runPipeline(transforming(() => throwing)));

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'parent/node' });
    expectBalanced(resultOf(error));
  });

  test('whose then cannot be read pass as items, and fail where the language must await them', async () => {
    const unreadable = Object.defineProperty({}, 'then', {
      get: () => throwAnything(new Error('then cannot be read')),
    });

    expectBalanced(await runPipeline(transforming(() => unreadable)));
    const error = await rejectionOf(
      runPipeline(transforming(() => Promise.resolve([unreadable]).then(([it]) => it))),
    );

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'parent/node' });
    expectBalanced(resultOf(error));
  });

  test('that answer twice count once', async () => {
    const outputs: unknown[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const node = builder.addTransform(
        (item: number) =>
          ({
            then: (resolve: (value: number) => void) => {
              resolve(item);
              resolve(item + 100);
            },
          }) as unknown as Promise<number>,
        { name: 'node', from: builder.addSource([1, 2], 'source') },
      );
      builder.connect(
        node,
        builder.addSink((item: number) => outputs.push(item), 'sink'),
      );
    });

    const result = await runPipeline(Parent);

    expect(outputs).toEqual([1, 2]);
    expect(countsAt(result, 'parent/sink')).toMatchObject({ in: 2, out: 2 });
  });
});

describe('keys of a context', () => {
  for (const [title, key] of [
    ['a symbol', Symbol('secret')],
    ['a number', 42],
    ['null', null],
    ['undefined', undefined],
    ['an object', {}],
  ] as const) {
    test(`${title} is refused with CONTEXT_KEY_INVALID`, () => {
      const context = new PipelineContext();
      const pretended = key as string;

      expect(errorOf(() => context.parameters.set(pretended, 1)).code).toBe('CONTEXT_KEY_INVALID');
      expect(errorOf(() => context.parameters.get(pretended)).code).toBe('CONTEXT_KEY_INVALID');
    });
  }

  test('__proto__ is refused with CONTEXT_KEY_INVALID', () => {
    const context = new PipelineContext();

    expect(errorOf(() => context.parameters.set('__proto__', { polluted: true })).code).toBe(
      'CONTEXT_KEY_INVALID',
    );
    expect(errorOf(() => contextKey('__proto__')).code).toBe('CONTEXT_KEY_INVALID');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test('a symbol or __proto__ in a node fails the item at that node, and the process is unharmed', async () => {
    for (const key of [Symbol('secret') as unknown as string, '__proto__']) {
      const Parent = definePipeline('parent', (builder) => {
        builder.connect(
          builder.addSource([1], 'source'),
          builder.addSink(
            (_item: number, context) => context.parameters.set(key, { polluted: true }),
            'sink',
          ),
        );
      });

      const error = await rejectionOf(runPipeline(Parent));

      expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'parent/sink' });
      expect(error.cause).toMatchObject({ code: 'CONTEXT_KEY_INVALID' });
      expect(Reflect.get({}, 'polluted')).toBeUndefined();
    }
  });

  test('a __proto__ inside a value pollutes nothing', () => {
    const hostile: unknown = JSON.parse('{ "__proto__": { "polluted": true }, "fine": 1 }');
    const context = new PipelineContext({ parameters: { hostile } });

    const kept: unknown = context.parameters.get('hostile');

    expect(kept).toMatchObject({ fine: 1 });
    expect(Reflect.get(Object(kept), 'polluted')).toBeUndefined();
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test('names that objects have by themselves are ordinary keys', () => {
    const context = new PipelineContext();

    for (const key of ['constructor', 'toString', 'hasOwnProperty', 'then']) {
      expect(context.parameters.has(key)).toBe(false);
      expect(context.parameters.get(key)).toBeUndefined();
      context.parameters.set(key, 1);
      expect(context.parameters.get(key)).toBe(1);
    }
  });

  test('a missing one, when required, is named', () => {
    const error = errorOf(() => new PipelineContext().parameters.require('ApiKey'));

    expect(error.code).toBe('CONTEXT_KEY_MISSING');
    expect(error.message).toContain('ApiKey');
  });
});

describe('node inputs that are nothing of the kind', () => {
  for (const [title, thing] of [
    ['undefined', undefined],
    ['null', null],
    ['a number', 42],
    ['a string', 'node'],
    ['an empty object', {}],
  ] as const) {
    test(`${title} as a transform is a PipelineError, not a crash`, async () => {
      const Parent = definePipeline('parent', (builder) => {
        const pretended = thing as unknown as TransformNode<number, number>;
        const node = builder.addTransform(pretended, {
          name: 'node',
          from: builder.addSource([1], 'source'),
        });
        builder.connect(node, builder.addSink(ignore, 'sink'));
      });

      const error = await rejectionOf(runPipeline(Parent));

      expect(error).toBeInstanceOf(PipelineError);
      expect(error.message).toContain('parent/node');
    });
  }

  test('a class that constructs, but has no transform method, is a PipelineError that names it', async () => {
    class Hollow {
      readonly nothing = true;
    }
    const Parent = definePipeline('parent', (builder) => {
      const pretended = Hollow as unknown as new () => TransformNode<number, number>;
      const node = builder.addTransform(pretended, { name: 'node', from: builder.addSource([1], 'source') });
      builder.connect(node, builder.addSink(ignore, 'sink'));
    });

    const error = await rejectionOf(runPipeline(Parent));

    expect(error.message).toContain('parent/node');
  });
});

describe('a child that is wrong only when it is first built with its item’s parameters', () => {
  test('is no item error: no policy decides about it, and the run rejects as building would have', async () => {
    const Size = contextKey<number>('Size');
    class Late implements PipelineDefinition<number, number> {
      static readonly pipeline = { name: 'late' };
      define(builder: PipelineBuilder<number, number>, context: DefinitionContext): void {
        const input = builder.addCompositeInput();
        if (context.parameters.require(Size) > 1)
          builder.addTransform((item: number) => item, { name: 'lost', from: input });
        builder.connect(input, builder.addCompositeOutput());
      }
    }
    const Parent = definePipeline('parent', (builder) => {
      const late = builder.addComposite(Late, {
        name: 'late',
        from: builder.addSource([1, 2, 3], 'source'),
        with: (item) => ({ parameters: { Size: item } }),
        errorPolicy: errorPolicy('skip'),
      });
      builder.connect(late, builder.addSink(ignore, 'sink'));
    });

    const error = await rejectionOf(runPipeline(Parent));

    expect(error.code).toBe('PIPELINE_VALIDATION_FAILED');
    expect(codesOf(error)).toEqual(['NODE_UNCONNECTED']);
    expect(countsAt(resultOf(error), 'parent/late')).toMatchObject({ in: 2, out: 1, filtered: 0, failed: 1 });
    expectBalanced(resultOf(error));
  });
});

describe('after any of this', () => {
  test('the same runner still runs a healthy pipeline', async () => {
    const runner = new PipelineRunner();
    await rejectionOf(runner.run(transforming(() => throwAnything(undefined))));
    await rejectionOf(runner.run(definePipeline('empty', () => undefined)));
    await rejectionOf(
      runner.run(
        definePipeline('broken', () => {
          throw new Error('no');
        }),
      ),
    );

    expect(
      await runner.runItem(
        defineStep<number, number>('fine', 'node', (item) => item + 1),
        1,
      ),
    ).toBe(2);
  });

  test('every error has a code in capitals, a message and, where there is one, a path', async () => {
    const wrong = [
      runPipeline(transforming(() => throwAnything('no'))),
      runPipeline(definePipeline('empty', () => undefined)),
      runPipeline(undefined as never),
      new PipelineRunner().runItem(undefined as never, 1),
      Promise.resolve().then(() => new PipelineContext().parameters.require('absent')),
    ];
    for (const error of await Promise.all(wrong.map(rejectionOf))) {
      expect(error.code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(error.message.length).toBeGreaterThan(20);
    }
  });
});
