import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { describe, expect, test, vi } from 'vitest';
import {
  BackgroundQueue,
  CompositeContextConfiguration,
  contextKey,
  CostLedger,
  createSession,
  errorPolicy,
  mapSecrets,
  MemoryDeadLetterSink,
  MemoryLineageSink,
  PipelineContext,
  PipelineRunner,
  runPipeline,
  Secret,
  TransformNode,
  withContext,
  type PipelineContextOptions,
  type RunContext,
} from 'heirline';
import { RecordingObserver } from 'heirline/testing';
import { countsAt, definePipeline, defineStep, errorOf, rejectionOf } from './support/harness.js';

/** What an expression gives in a realm of its own, as a test runner or a host has it. */
// The caller says what the expression gives.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
const foreign = <T>(code: string): T => runInNewContext(`(${code})`) as T;

const revoked = (): never => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy as never;
};

const throwing = (value: unknown) => (): never => {
  throw value as Error;
};

/** A pipeline of one item whose only node calls back. */
const calling = (call: (context: PipelineContext) => unknown) =>
  definePipeline('shop', (builder) => {
    builder.addSink(
      async (_: number, context) => {
        await call(context);
      },
      { name: 'node', from: builder.addSource([1]) },
    );
  });

const nested = (levels: number): unknown => {
  let data: unknown = 1;
  for (let level = 0; level < levels; level += 1) data = [data];
  return data;
};

describe('values of another realm', () => {
  test('as parameters, properties and principal are copied and frozen, so that nobody changes the data of others', async () => {
    const given = foreign<{ n: number; map: Map<string, number[]> }>('{ n: 1, map: new Map([["k", [1]]]) }');
    let seen: unknown[] = [];
    await runPipeline(
      calling(({ parameters, properties, run }) => {
        seen = [parameters.get('data'), properties.get('data'), run.principal?.['data']];
      }),
      {
        parameters: { data: given },
        properties: new Map([['data', given]]),
        run: { principal: { data: given } },
      },
    );
    given.n = 2;
    given.map.get('k')?.push(2);

    for (const data of seen) {
      expect(data).toEqual({ n: 1, map: new Map([['k', [1]]]) });
      expect(Object.isFrozen(data)).toBe(true);
      expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    }
  });

  test('as the objects that hold options and entries are taken like those of this realm', async () => {
    const options = foreign<PipelineContextOptions>(`{
      parameters: new Map([['n', 1]]),
      run: { principal: { user: 'ada' }, timeoutMs: 60000, deadline: new Date(${Date.now() + 60_000}),
        budget: { tokens: 10, money: { amount: 1, currency: 'EUR' } } },
    }`);
    const session = createSession(foreign<Record<string, unknown>>('{ cart: [{ id: 1 }] }'));
    let shown: unknown;
    await runPipeline(
      calling((context) => {
        const call = foreign<Parameters<CostLedger['record']>[0]>(
          "{ callId: 'c', model: 'm', inputTokens: 1, outputTokens: 2 }",
        );
        context.run.cost.record(call);
        context.run.session.set('cart', foreign('[{ id: 2 }]'));
        shown = [context.parameters.get('n'), context.run.principal, context.run.budget.remaining('tokens')];
      }),
      { ...options, run: { ...(options.run as object), session } },
    );

    expect(shown).toEqual([1, { user: 'ada' }, 7]);
    expect(session.get('cart')).toEqual([{ id: 2 }]);
    expect(Object.isFrozen(session.get<object[]>('cart')?.[0])).toBe(true);
  });

  test('as thrown errors keep name, message, code and cause in events and dead letters', async () => {
    const observer = new RecordingObserver();
    const sink = new MemoryDeadLetterSink();
    const thrown = foreign(
      "Object.assign(new TypeError('no stock', { cause: new RangeError('far') }), { code: 'E7' })",
    );
    const failing = definePipeline('shop', (builder) => {
      builder.addSink(throwing(thrown), {
        name: 'node',
        from: builder.addSource([1]),
        errorPolicy: errorPolicy({ on: TypeError, then: 'deadLetter' }),
      });
    });
    const result = await runPipeline(failing, { deadLetterSink: sink, executionObserver: observer });
    const described = { name: 'TypeError', code: 'E7', message: 'no stock', cause: { name: 'RangeError' } };

    expect(countsAt(result, 'shop/node').deadLettered).toBe(1);
    expect(sink.envelopes[0]).toMatchObject({ error: { cause: described } });
    const failed = observer.events.find(({ type }) => type === 'itemFailed');
    expect(failed).toMatchObject({ error: { cause: described } });
  });

  test('as reasons of a cancel, and as signals by their shape, cancel like those of this realm', async () => {
    const listeners = new Set<() => void>();
    const signal = {
      aborted: false,
      reason: foreign("{ kind: 'shutdown', message: 'the host stops' }"),
      addEventListener: (_: string, listener: () => void) => listeners.add(listener),
      removeEventListener: (_: string, listener: () => void) => listeners.delete(listener),
    };
    const error = await rejectionOf(
      runPipeline(
        calling(async (context) => {
          for (const listener of listeners) listener();
          await new Promise((resolve) => {
            context.signal.addEventListener('abort', resolve, { once: true });
          });
        }),
        { signal: signal as never },
      ),
    );

    expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'shutdown' });
    expect(listeners.size).toBe(0);
    const own = await rejectionOf(
      runPipeline(
        calling(({ run }) => {
          run.cancel(foreign("{ kind: 'superseded' }"));
        }),
      ),
    );
    expect(own).toMatchObject({ kind: 'superseded' });
  });
});

describe('a secret', () => {
  const value = 'sk/live+12345678 "ä"';
  /** Everything that a run writes: lines, events, dead letters, lineage and its error. */
  const written = async (thrown: (value: string) => unknown): Promise<string> => {
    const lines: unknown[] = [];
    const write = (...line: unknown[]): number => lines.push(line);
    const observer = new RecordingObserver();
    const [sink, lineage] = [new MemoryDeadLetterSink(), new MemoryLineageSink()];
    const reading = definePipeline('shop', (builder) => {
      builder.addSink(
        async (_: number, context) => {
          const secret = await context.run.secrets.get('KEY');
          const error = thrown(secret.reveal());
          context.logger.error(
            { err: error, secret, list: foreign<unknown[]>('[]').concat(secret) },
            `at ${String(secret)}`,
          );
          throw error as Error;
        },
        { name: 'node', from: builder.addSource([1, 2]), errorPolicy: errorPolicy('deadLetter') },
      );
      builder.addSink(
        async (_: number, context) => {
          throw thrown((await context.run.secrets.get('KEY')).reveal()) as Error;
        },
        { name: 'last', from: builder.addSource([1]) },
      );
    });
    const error = await rejectionOf(
      runPipeline(reading, {
        logger: { trace: write, debug: write, info: write, warn: write, error: write },
        executionObserver: observer,
        deadLetterSink: sink,
        lineageSink: lineage,
        run: { secrets: mapSecrets({ KEY: value }) },
      }),
    );
    const shown = [lines, observer.events, sink.envelopes, lineage.records, error.message, error.stack];
    return inspect(shown, { depth: 12, maxStringLength: null }) + JSON.stringify(shown);
  };

  test.each<[string, (value: string) => unknown]>([
    ['an error', (secret) => new Error(`refused: ${secret}`)],
    ['an error of another realm', (secret) => foreign(`new TypeError(${JSON.stringify(secret)})`)],
    [
      'data of another realm',
      (secret) =>
        foreign(`{ key: new Map([['k', ${JSON.stringify(secret)}]]), text: ${JSON.stringify(secret)} }`),
    ],
    ['a URL', (secret) => new Error(`GET /?key=${encodeURIComponent(secret).toLowerCase()}`)],
    [
      'a Secret of its own',
      (secret) => new Error(`${String(Secret.of(secret))} ${JSON.stringify({ s: Secret.of(secret) })}`),
    ],
  ])('is nowhere in what a run writes about %s', async (_, thrown) => {
    const text = await written(thrown);

    expect(text).toContain('[secret]');
    for (const form of ['12345678', encodeURIComponent(value), encodeURIComponent(value).toLowerCase()])
      expect(text).not.toContain(form);
  });

  test('is not shown by a template, whatever prints it', () => {
    const secret = Secret.of(value);
    const template = new PipelineContext({ parameters: { deep: new Map([['k', [secret]]]) } });
    const data = template.parameters.toObject();

    expect(
      `${inspect(template)}${JSON.stringify(template)}${inspect(data, { depth: 9 })}${JSON.stringify(data)}${String(secret)}`,
    ).not.toContain('12345678');
  });
});

describe("a parent's data", () => {
  test('are not changed by a child that reaches for them with the methods of Map and Set', async () => {
    const attempts: unknown[] = [];
    const child = definePipeline<number, number>('child', (builder) => {
      const step = builder.addTransform(
        (item: number, { parameters }) => {
          const [map, set] = [
            parameters.require<Map<string, number>>('map'),
            parameters.require<Set<string>>('set'),
          ];
          for (const change of [
            () => Map.prototype.set.call(map, 'a', 9),
            () => Set.prototype.add.call(set, 'b'),
          ]) {
            try {
              change();
            } catch (error) {
              attempts.push(error);
            }
          }
          parameters.update<Map<string, number>>('map', (draft) => {
            draft.set('a', 2);
          });
          return parameters.require<Map<string, number>>('map').get('a') ?? 0;
        },
        { from: builder.addCompositeInput() },
      );
      builder.connect(step, builder.addCompositeOutput());
    });
    const parent = definePipeline('parent', (builder) => {
      const composite = builder.addComposite(child, {
        from: builder.addSource([1]),
        contextConfiguration: CompositeContextConfiguration.inheritAll,
      });
      builder.addSink(
        (item: number, { parameters }) => attempts.push(item, parameters.get('map'), parameters.get('set')),
        { from: composite },
      );
    });
    await runPipeline(parent, { parameters: { map: new Map([['a', 1]]), set: new Set(['a']) } });

    expect(attempts).toEqual([
      expect.any(TypeError),
      expect.any(TypeError),
      2,
      new Map([['a', 1]]),
      new Set(['a']),
    ]);
  });
});

describe('data that cannot be copied', () => {
  const deep = nested(2_000);

  test.each<[string, () => unknown]>([
    ['parameters', () => new PipelineContext({ parameters: { tree: deep } })],
    ['properties', () => new PipelineContext().properties.set('tree', deep)],
    ['run', () => new PipelineContext({ run: { principal: { tree: deep } } })],
    ['the session', () => createSession({ tree: deep })],
    ['the defaults of keys', () => contextKey('tree', { default: deep })],
  ])('are refused in %s, which the message names', (holder, give) => {
    const error = errorOf(give);

    expect(error.code).toBe('CONTEXT_VALUE_INVALID');
    expect(error.message).toContain(`in ${holder} has more than 1,000 levels`);
  });

  test('are refused with path and key where a node or a composite gives them', async () => {
    const child = definePipeline<number, number>('child', (builder) => {
      builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
    });
    const giving = definePipeline('parent', (builder) => {
      builder.addSink(() => undefined, {
        from: builder.addComposite(child, {
          name: 'child',
          from: builder.addSource([1]),
          with: () => ({ parameters: { tree: deep } }),
        }),
      });
    });
    const byNode = await rejectionOf(runPipeline(calling(({ run }) => run.session.set('tree', revoked()))));
    const byComposite = await rejectionOf(runPipeline(giving));

    expect(byNode).toMatchObject({
      path: 'shop/node',
      cause: { code: 'CONTEXT_VALUE_INVALID', path: 'shop/node' },
    });
    expect(byComposite.path).toBe('parent/child');
    expect(inspect(byComposite)).toContain("'tree' in parameters");
  });
});

describe('what must answer at once', () => {
  const later = (async () => {
    await Promise.resolve();
    throw new Error('too late');
  }) as never;

  test('a recipe: refused, nothing changed, nothing unhandled', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const context = new PipelineContext({ parameters: { n: { count: 1 } } });
    const composite = { configureContext: later };
    const child = definePipeline<number, number>('child', (builder) => {
      builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
    });
    const configured = definePipeline('parent', (builder) => {
      builder.addSink(() => undefined, {
        from: builder.addComposite(child, { ...composite, from: builder.addSource([1]) }),
      });
    });

    expect(errorOf(() => context.parameters.update('n', later)).code).toBe('CONTEXT_RECIPE_ASYNC');
    expect(context.parameters.get('n')).toEqual({ count: 1 });
    expect(errorOf(() => CompositeContextConfiguration.default.with(later)).code).toBe(
      'CONTEXT_RECIPE_ASYNC',
    );
    expect(inspect(await rejectionOf(runPipeline(configured)))).toContain('CONTEXT_RECIPE_ASYNC');
    const session = createSession({ n: 1 });
    const error = await rejectionOf(
      runPipeline(
        calling(({ run }) => run.session.update('n', later)),
        { run: { session } },
      ),
    );
    expect(error.cause).toMatchObject({ code: 'CONTEXT_RECIPE_ASYNC', path: 'shop/node' });
    expect(session.get('n')).toBe(1);
    await new Promise(setImmediate);
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test.each<[string, Parameters<typeof errorPolicy>[0]]>([
    ['a predicate that is asynchronous', { on: later, then: 'skip' }],
    ['a predicate that throws', { on: throwing(new Error('no')), then: 'skip' }],
    ['a delay of NaN', { then: { retry: { attempts: 3, delay: { beforeAttemptMs: () => NaN } } } }],
    ['a negative delay', { then: { retry: { attempts: 3, delay: { beforeAttemptMs: () => -1 } } } }],
    [
      'a delay that is a bigint',
      { then: { retry: { attempts: 3, delay: { beforeAttemptMs: () => 5n as never } } } },
    ],
    ['a delay that is a promise', { then: { retry: { attempts: 3, delay: { beforeAttemptMs: later } } } }],
    ['a delay that throws', { then: { retry: { attempts: 3, delay: { beforeAttemptMs: throwing(1) } } } }],
  ])(
    'a policy: %s ends the run with POLICY_INVALID at the node, and no other policy decides',
    async (_, rule) => {
      const unhandled = vi.fn();
      process.on('unhandledRejection', unhandled);
      const child = definePipeline<number, number>('child', (builder) => {
        const step = builder.addTransform(throwing(new RangeError('no stock')), {
          name: 'step',
          from: builder.addCompositeInput(),
          errorPolicy: errorPolicy(rule),
        });
        builder.connect(step, builder.addCompositeOutput());
      });
      const parent = definePipeline('parent', (builder) => {
        builder.addSink(() => undefined, {
          from: builder.addComposite(child, {
            name: 'child',
            from: builder.addSource([1, 2]),
            errorPolicy: errorPolicy('skip'),
          }),
        });
      });
      const error = await rejectionOf(runPipeline(parent));
      await new Promise(setImmediate);
      process.off('unhandledRejection', unhandled);

      expect(error).toMatchObject({ code: 'POLICY_INVALID', path: 'parent/child/step' });
      expect(unhandled).not.toHaveBeenCalled();
    },
  );
});

describe('options that cannot be read', () => {
  const unreadable = {
    get size(): never {
      throw new Error('no');
    },
  };

  test.each<[string, (given: never) => unknown]>([
    ['a context', (given) => new PipelineContext(given)],
    ['a run', (given) => new PipelineContext({ run: given })],
    ['entries', (given) => new PipelineContext({ parameters: given })],
    ['a configuration', (given) => CompositeContextConfiguration.create(given)],
    ['a key selection', (given) => CompositeContextConfiguration.create({ inheritParentItems: given })],
    ['a key', (given) => contextKey('k', given)],
    ['a policy', (given) => errorPolicy(given)],
    ['a queue', (given) => new BackgroundQueue(given)],
    ['secrets', (given) => mapSecrets(given)],
    ['a session', (given) => createSession(given)],
    ['a ledger', (given) => new CostLedger(given)],
  ])('of %s are refused with a code', (_, give) => {
    expect(errorOf(() => give(revoked())).code).toMatch(/^(OPTION|POLICY)_INVALID$/);
    expect(errorOf(() => give(unreadable as never)).code).toMatch(/^(OPTION|POLICY|CONTEXT_VALUE)_INVALID$/);
  });

  test('of withContext, a runner and a spending are refused too', async () => {
    const spending = (spend: (run: RunContext) => unknown) =>
      rejectionOf(runPipeline(calling(({ run }) => spend(run))));

    expect((await rejectionOf(withContext(revoked(), () => 1))).code).toBe('OPTION_INVALID');
    expect(errorOf(() => new PipelineRunner(revoked())).code).toBe('OPTION_INVALID');
    for (const spend of [
      (run: RunContext) => run.cost.record(revoked()),
      (run: RunContext) => run.budget.reserve(revoked()),
      (run: RunContext) => run.secrets.get('KEY', revoked()),
    ])
      expect((await spending(spend)).cause).toMatchObject({ code: 'OPTION_INVALID' });
  });

  test('a provider of secrets that gives something that cannot be asked is SECRET_UNAVAILABLE', async () => {
    const error = await rejectionOf(
      runPipeline(
        calling(({ run }) => run.secrets.get('KEY')),
        { run: { secrets: { resolve: revoked } } },
      ),
    );

    expect(error.cause).toMatchObject({ code: 'SECRET_UNAVAILABLE' });
  });
});

describe('a logger or an observer that throws what cannot be asked', () => {
  test('changes nothing in the run', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const fail = (): never => {
      throw revoked();
    };
    // Vitest fails a run with an unhandled rejection.
    const levels = { isLevelEnabled: () => Promise.reject(revoked()) };
    const result = await runPipeline(
      calling(({ logger, run }) => {
        logger.info({ n: 1 }, 'a line');
        run.logger.error({ err: revoked() }, 'another');
      }),
      {
        logger: { trace: fail, debug: fail, info: fail, warn: fail, error: fail, ...levels },
        executionObserver: {
          nodeStarted: fail,
          itemFailed: fail,
          pipelineCompleted: () => Promise.reject(revoked()),
        },
      },
    );

    expect(result.status).toBe('succeeded');
    expect(warned).toHaveBeenCalledTimes(1);
  });
});

describe('a value that cannot be asked', () => {
  const untouchable = (): never =>
    new Proxy(
      {},
      {
        getPrototypeOf() {
          throw new Error('no prototype for you');
        },
      },
    ) as never;
  const values: [string, () => never][] = [
    ['a revoked proxy', revoked],
    ['a proxy without a prototype to show', untouchable],
  ];

  class Failing extends TransformNode<number, number> {
    static at: 'constructor' | 'init' | 'dispose' = 'init';
    static thrown: unknown;

    constructor() {
      super();
      this.#throwAt('constructor');
    }

    override async init(): Promise<void> {
      await Promise.resolve();
      this.#throwAt('init');
    }

    override transform(item: number): number {
      return item;
    }

    override dispose(): void {
      this.#throwAt('dispose');
    }

    #throwAt(place: typeof Failing.at): void {
      if (Failing.at === place) throw Failing.thrown as Error;
    }
  }

  const child = (lifetime: 'execution' | 'run') =>
    definePipeline<number, number>('child', (builder) => {
      const node = builder.addTransform(Failing, {
        name: 'node',
        from: builder.addCompositeInput(),
        lifetime,
      });
      builder.connect(node, builder.addCompositeOutput());
    });

  describe.each(values)('%s', (_, value) => {
    test.each([
      ['constructor', 'execution', 'NODE_ACTIVATION_FAILED'],
      ['constructor', 'run', 'NODE_ACTIVATION_FAILED'],
      ['init', 'execution', 'NODE_FAILED'],
      ['init', 'run', 'NODE_FAILED'],
      ['dispose', 'execution', 'DISPOSAL_FAILED'],
    ] as const)('thrown in the %s of a node with lifetime %s is %s', async (at, lifetime, code) => {
      Failing.at = at;
      Failing.thrown = value();
      let closed = 0;
      const parent = definePipeline('parent', (builder) => {
        const source = builder.addSource(function* () {
          try {
            yield* [1, 2, 3];
          } finally {
            closed += 1;
          }
        });
        builder.addSink(() => undefined, {
          from: builder.addComposite(child(lifetime), { name: 'child', from: source, concurrency: 2 }),
        });
      });
      const error = await rejectionOf(runPipeline(parent));

      expect(error).toMatchObject({ code, path: 'parent/child/node' });
      expect(error.cause).toBe(Failing.thrown);
      expect(error.result?.status).toBe('failed');
      expect(closed).toBe(1);
    });

    test('thrown by define is DEFINE_FAILED', async () => {
      const failing = definePipeline('shop', throwing(value()));
      const error = await rejectionOf(runPipeline(failing));

      expect(error).toMatchObject({ code: 'DEFINE_FAILED', path: 'shop' });
    });

    test('thrown by configureContext is a problem of the pipeline', async () => {
      const error = await rejectionOf(
        runPipeline(
          definePipeline('parent', (builder) => {
            builder.addSink(() => undefined, {
              from: builder.addComposite(child('execution'), {
                from: builder.addSource([1]),
                configureContext: throwing(value()),
              }),
            });
          }),
        ),
      );

      expect(error.code).toBe('DEFINE_FAILED');
    });

    test('given as a node is NODE_INVALID, as a definition DEFINITION_INVALID, as a context OPTION_INVALID', async () => {
      const wrongNode = definePipeline('shop', (builder) => {
        builder.addSink(value(), { from: builder.addSource([1]) });
      });
      const invalid = await rejectionOf(runPipeline(wrongNode));

      expect(Reflect.get(invalid, 'errors')).toMatchObject([{ code: 'NODE_INVALID' }]);
      expect((await rejectionOf(runPipeline(value()))).code).toBe('DEFINITION_INVALID');
    });
  });

  test('that a sub-pipeline gives for one item is NODE_FAILED where the caller would have to await the value', async () => {
    const bad = revoked();
    const one = defineStep<number, unknown>('step', 'node', (item) => (item === 1 ? bad : item));
    const error = await rejectionOf(new PipelineRunner().runItem(one, 1));

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'step', result: { status: 'failed' } });
    expect(await new PipelineRunner().runItem(one, 1, {}, { output: 'many' })).toHaveLength(1);
    expect(await new PipelineRunner().runItem(one, 2)).toBe(2);
  });
});
