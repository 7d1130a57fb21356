import 'reflect-metadata';
import { Container, inject, injectable } from 'inversify';
import { describe, expect, test } from 'vitest';
import {
  BackgroundQueue,
  createSession,
  currentContext,
  errorPolicy,
  mapSecrets,
  PipelineContext,
  requireContext,
  SinkNode,
  SourceNode,
  StreamSinkNode,
  StreamTransformNode,
  TransformNode,
  withContext,
  type PipelineBuilder,
  type PipelineDefinition,
  type Secret,
} from 'heirline';
import { expectIsolation, IsolationError } from 'heirline/testing';
import { definePipeline, nextTurn, range, rejectionOf, throwAnything } from './support/harness.js';

interface Order {
  readonly id: number;
  readonly tenant?: string;
}

const orders = (): Order[] => [{ id: 1 }, { id: 2 }];

/** A root with one transform between two orders and a sink that takes everything. */
const rootWith = (node: string, transform: (order: Order, context: PipelineContext) => unknown) =>
  definePipeline('orders', (builder) => {
    const changed = builder.addTransform(transform, {
      name: node,
      from: builder.addSource(orders, 'source'),
    });
    builder.addSink(() => nextTurn(), { name: 'save', from: changed });
  });

/** The error of a pipeline that leaks; a test fails where nothing is found. */
async function leakOf(work: Promise<unknown>): Promise<IsolationError> {
  const error = await rejectionOf(work);
  if (!(error instanceof IsolationError)) throw error;
  return error;
}

/** The first crossing at each path. */
const places = ({ crossings }: IsolationError): string[] => [
  ...new Set(crossings.map(({ key, path }) => `${key} at ${path}`)),
];

describe('a pipeline that keeps its runs apart', () => {
  class Stamp extends TransformNode<Order, Order> {
    readonly #context: PipelineContext;

    constructor(context: PipelineContext) {
      super();
      this.#context = context;
    }

    override async transform(order: Order, { run, parameters, items }: PipelineContext): Promise<Order> {
      await nextTurn();
      const key = await run.secrets.get('API_KEY');
      run.session.set('last', { tenant: run.requireTenant() });
      run.cost.record({
        callId: `${this.#context.runId}-${String(order.id)}`,
        model: 'm',
        inputTokens: 1,
        outputTokens: 0,
      });
      items.set('latest', order);
      return {
        ...order,
        tenant: run.requireTenant(),
        ...{ marker: parameters.get('isolationMarker'), key: key.reveal(), ambient: currentContext()?.runId },
      };
    }
  }

  const Inner = definePipeline<Order, Order>('inner', (builder) => {
    const stamp = builder.addTransform(Stamp, { name: 'stamp', from: builder.addCompositeInput() });
    builder.connect(stamp, builder.addCompositeOutput());
  });

  const Middle = definePipeline<Order, Order>('middle', (builder) => {
    const inner = builder.addComposite(Inner, {
      name: 'inner',
      from: builder.addCompositeInput(),
      contextConfiguration: { inheritParentParameters: true, inheritRunIdentity: false },
    });
    builder.connect(inner, builder.addCompositeOutput());
  });

  class Batch extends StreamTransformNode<Order, readonly Order[]> {
    override async *transform(stream: AsyncIterable<Order>): AsyncIterable<readonly Order[]> {
      const batch: Order[] = [];
      for await (const order of stream) batch.push(order);
      yield batch;
    }
  }

  class Orders extends SourceNode<Order> {
    override async *open(): AsyncIterable<Order> {
      for (const order of orders()) {
        await nextTurn();
        yield order;
      }
    }
  }

  class Nested implements PipelineDefinition {
    static readonly pipeline = { name: 'nested' };

    constructor(private readonly saved: unknown[]) {}

    define(builder: PipelineBuilder): void {
      const middle = builder.addComposite(Middle, {
        name: 'middle',
        from: builder.addSource(Orders, 'orders'),
        contextConfiguration: { inheritParentParameters: true },
        concurrency: 2,
      });
      const batch = builder.addStreamTransform(Batch, { name: 'batch', from: middle });
      builder.addSink((item) => this.saved.push(item), { name: 'save', from: batch });
    }
  }

  test('passes with 50 runs, whose nodes and sinks really run', async () => {
    const saved: (readonly Order[])[] = [];

    const report = await expectIsolation(new Nested(saved));

    expect(report).toMatchObject({ runs: 50 });
    expect(report.checked).toBeGreaterThan(50 * 6);
    expect(Object.isFrozen(report)).toBe(true);
    expect(saved).toHaveLength(50);
    expect(new Set(saved.flat().map(({ tenant }) => tenant)).size).toBe(50);
    expect(currentContext()).toBeUndefined();
  });

  test('passes in a run, too, and with as many runs as are asked for', async () => {
    const saved: unknown[] = [];

    await withContext({ run: { tenantId: 'outer-tenant' } }, () =>
      expectIsolation(new Nested(saved), { runs: 3, seed: 7 }),
    );

    expect(saved).toHaveLength(3);
  });

  test('gives each run a tenant, a parameter, a property and secrets of its own', async () => {
    const seen: unknown[][] = [];
    const Root = rootWith('look', async (order, { run, parameters, properties }) => {
      const secret = await run.secrets.get('API_KEY');
      seen.push([
        run.tenantId,
        parameters.get('isolationMarker'),
        properties.get('isolationMarker'),
        secret.reveal(),
        run.correlationId,
      ]);
      return order;
    });

    await expectIsolation(Root, { runs: 10 });

    for (const index of range(0, 4)) expect(new Set(seen.map((words) => words[index])).size).toBe(10);
    expect(new Set(seen.flat()).size).toBe(50);
  });

  test("leaves the context's own tenant, secrets, session and services as they are", async () => {
    const lines: unknown[] = [];
    const letters: unknown[] = [];
    const Root = definePipeline('root', (builder) => {
      const check = builder.addTransform(
        async (order: Order, { run, items, logger, parameters }: PipelineContext) => {
          const secret = await run.secrets.get('TOKEN');
          items
            .require<unknown[]>('log')
            .push([run.tenantId, secret.reveal(), run.session.get('topic')], run.runId);
          logger.info({ order: order.id, marker: parameters.get('isolationMarker') }, 'checked');
          return order.id === 2 ? throwAnything(new RangeError('two')) : order;
        },
        {
          name: 'check',
          from: builder.addSource(orders, 'source'),
          errorPolicy: errorPolicy('deadLetter'),
        },
      );
      builder.addSink(() => undefined, { from: check });
    });
    const log: unknown[] = [];
    const ignore = () => undefined;

    await expectIsolation(Root, {
      runs: 5,
      context: {
        items: { log },
        run: {
          tenantId: 'acme',
          secrets: mapSecrets({ TOKEN: 'the same for all' }),
          session: createSession({ topic: 'orders' }),
        },
        logger: {
          ...{ trace: ignore, debug: ignore, warn: ignore, error: ignore },
          info: (line) => lines.push(line),
        },
        deadLetterSink: { write: (letter) => letters.push(letter) },
      },
    });

    expect(log).toHaveLength(20);
    expect(log).toContainEqual(['acme', 'the same for all', 'orders']);
    expect(lines).toHaveLength(10);
    expect(letters).toHaveLength(5);
  });

  test('may share services that several runs are given, or that a node takes from a module', async () => {
    const rows = new Map<string, unknown>();
    const mailer = {
      sent: [] as unknown[],
      send(mail: unknown) {
        this.sent.push(mail);
      },
    };
    const Root = rootWith('store', async (order, { run, items }) => {
      const store = items.require<{ rows: typeof rows }>('store');
      store.rows.set(`${run.requireTenant()}/${String(order.id)}`, order);
      items.set('mailer', mailer).require<typeof mailer>('mailer').send(run.tenantId);
      await nextTurn();
      return { ...order, rows };
    });

    await expectIsolation(Root, { context: () => ({ items: { store: { rows } } }) });

    expect(rows.size).toBe(100);
  });

  test('may use what several runs are given, or have in their own texts, and names of fields', async () => {
    const Root = rootWith('use', (order, { parameters }) => ({
      ...order,
      ...parameters.toObject(),
      verbose: false,
    }));

    await expectIsolation(Root, {
      context: (run) => ({
        parameters: {
          unit: run % 2 === 0 ? 'kilometre' : 'nautical mile',
          region: run === 0 ? 'north' : `north of ${run}`,
          ...(run === 0 ? { verbose: true } : {}),
        },
      }),
    });
  });

  test('may keep a secret that is the same for all runs', async () => {
    let cached: Secret | undefined;
    const Root = rootWith('sign', async (order, { run }) => {
      cached ??= await run.secrets.get('TOKEN');
      await nextTurn();
      return { ...order, signature: cached.reveal() };
    });
    const Reading = definePipeline('orders', (builder) => {
      const sign = builder.addTransform(
        async (order: Order, { run }) => {
          const signature = (cached ??= await run.secrets.get('TOKEN')).reveal();
          await nextTurn();
          return { ...order, signature };
        },
        { name: 'sign', from: builder.addSource(orders, 'source') },
      );
      builder.addSink((_order, { run }) => run.secrets.get('TOKEN'), { name: 'save', from: sign });
    });
    const secrets = mapSecrets({ TOKEN: 'the same for all' });

    await expectIsolation(Root, { context: { run: { secrets } } });
    cached = undefined;
    await expectIsolation(Reading, {
      context: () => ({ run: { secrets: mapSecrets({ TOKEN: 'the same for all' }) } }),
    });
  });

  test('runs its calls in an order that the seed decides', async () => {
    const orderOf = async (seed: number) => {
      const calls: unknown[] = [];
      const Root = rootWith('call', (order, { parameters }) => {
        calls.push(parameters.get('number'));
        return order;
      });
      await expectIsolation(Root, { runs: 8, seed, context: (number) => ({ parameters: { number } }) });
      return calls.join();
    };

    expect(await orderOf(1)).not.toBe(await orderOf(2));
  });

  test('may work in a background queue, which keeps its items apart', async () => {
    const queue = new BackgroundQueue<(tenant: string | undefined) => void>({
      worker: async (written) => {
        await nextTurn();
        written(currentContext()?.run.tenantId);
      },
    });
    const Root = rootWith(
      'queue',
      (order) =>
        new Promise((resolve) => {
          void queue.enqueue((tenant) => {
            resolve({ ...order, tenant });
          });
        }),
    );

    await expectIsolation(Root, { runs: 20 });
    await queue.close({ timeoutMs: 1000 });
  });

  test('may come from a container', async () => {
    const Rate = Symbol('rate');
    @injectable()
    class Bound extends TransformNode<Order, Order> {
      constructor(@inject(Rate) private readonly rate: number) {
        super();
      }
      override transform({ id }: Order): Order {
        return { id: id * this.rate };
      }
    }
    const container = new Container();
    container.bind(Rate).toConstantValue(10);
    container.bind(Bound).toSelf().inSingletonScope();
    const sold: unknown[] = [];
    const Root = definePipeline('root', (builder) => {
      const bound = builder.addTransform(Bound, { from: builder.addSource(orders, 'source') });
      builder.addSink(({ id }) => sold.push(id), { from: bound });
    });

    await expectIsolation(Root, { runs: 2, container });

    expect(sold.sort()).toEqual([10, 10, 20, 20]);
    const error = await leakOf(expectIsolation(Root, { runs: 3 }));
    expect(error.cause).toMatchObject({ code: 'NODE_ACTIVATION_FAILED' });
  });

  test('flushes a sink that stands in two nodes once', async () => {
    const flushed: string[] = [];
    class Keep extends SinkNode<number> {
      override write() {
        return undefined;
      }
      override flush({ runId }: PipelineContext) {
        flushed.push(runId);
      }
    }
    const keep = new Keep();
    class Two {
      define(builder: PipelineBuilder) {
        const numbers = builder.addSource([1, 2]);
        builder.addSink(keep, { from: numbers });
        builder.addSink(keep, { from: numbers });
      }
    }

    await expectIsolation(Two, { runs: 3 });

    expect(flushed).toHaveLength(3);
    expect(new Set(flushed).size).toBe(3);
  });

  test('has its nodes initialised, flushed and disposed as ever, frozen ones and ones with private state too', async () => {
    const calls: string[] = [];
    class Save extends SinkNode<Order> {
      #rows = 0;
      override init() {
        calls.push('init');
      }
      override write() {
        this.#rows += 1;
      }
      override flush() {
        calls.push(`flush ${String(this.#rows)}`);
      }
      override dispose() {
        calls.push('dispose');
      }
    }
    class Shared extends Save {
      override init() {
        calls.push('shared init');
      }
      override flush() {
        return undefined;
      }
      override dispose() {
        calls.push('shared dispose');
      }
    }
    const frozen = Object.freeze({ transform: (order: Order) => order });
    const Root = definePipeline('root', (builder) => {
      const source = builder.addSource(orders(), 'source');
      const copy = builder.addTransform(frozen, { name: 'copy', from: source });
      builder.addSink(Save, { from: copy });
      builder.addSink(Shared, { from: copy, lifetime: 'run' });
    });

    await expectIsolation(Root, { runs: 2 });

    expect(calls.sort()).toEqual(
      [0, 1].flatMap(() => ['init', 'flush 2', 'dispose', 'shared init', 'shared dispose']).sort(),
    );
  });
});

describe('what crosses is found, and named by key and path', () => {
  test('a module variable that is set before an await and read after it', async () => {
    let currentTenant: string | undefined;
    const Root = rootWith('stamp', async (order, { run }) => {
      currentTenant = run.tenantId;
      await nextTurn();
      return { ...order, tenant: currentTenant };
    });

    const error = await leakOf(expectIsolation(Root, { seed: 11 }));

    expect(error).toMatchObject({
      name: 'IsolationError',
      code: 'ISOLATION_BROKEN',
      path: 'orders/stamp',
      seed: 11,
    });
    expect(error.message).toMatch(
      /^orders\/stamp: Something crossed between 50 runs \(seed 11\):\n {2}- output\.tenant at orders\/stamp: run \d+ has tenantId of run \d+, and \d+ more such\n {2}- item\.tenant at orders\/save: /,
    );
    expect(error.message).toMatch(
      /\nKeep what belongs to one run in its context.* \(docs\/errors\.md#isolation_broken\)$/,
    );
    expect(Object.keys(error.crossings[0] ?? {}).sort()).toEqual([
      'foreignRun',
      'key',
      'origin',
      'ownRun',
      'path',
    ]);
    for (const { ownRun, foreignRun } of error.crossings) {
      expect(ownRun).not.toBe(foreignRun);
      for (const run of [ownRun, foreignRun]) expect(range(0, 49)).toContain(run);
    }
    expect(error.cause).toBeUndefined();
  });

  test('the same between nodes that never wait', async () => {
    let currentTenant: string | undefined;
    const Root = definePipeline('orders', (builder) => {
      const remember = builder.addTransform(
        (order: Order, { run }) => {
          currentTenant = run.tenantId;
          return order;
        },
        { name: 'remember', from: builder.addSource(orders, 'source') },
      );
      const stamp = builder.addTransform((order: Order) => ({ ...order, tenant: currentTenant }), {
        name: 'stamp',
        from: remember,
      });
      builder.addSink(() => undefined, { name: 'save', from: stamp });
    });

    const error = await leakOf(expectIsolation(Root));

    expect(places(error)[0]).toBe('output.tenant at orders/stamp');
  });

  test('a cache whose keys lack the tenant', async () => {
    const cache = new Map<number, Promise<unknown>>();
    const load = async ({ id }: Order, { run }: PipelineContext) => {
      await nextTurn();
      return { id, account: { owner: `account of ${run.requireTenant()}` } };
    };
    const Child = definePipeline<Order, unknown>('child', (builder) => {
      const loaded = builder.addTransform(
        (order: Order, context) => {
          const known = cache.get(order.id) ?? load(order, context);
          cache.set(order.id, known);
          return known;
        },
        { name: 'load', from: builder.addCompositeInput() },
      );
      builder.connect(loaded, builder.addCompositeOutput());
    });
    const Root = definePipeline('shop', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'accounts',
        from: builder.addSource(orders, 'source'),
      });
      builder.addSink(() => undefined, { name: 'save', from: child });
    });

    const error = await leakOf(expectIsolation(Root));

    expect(places(error)).toEqual([
      'output.account.owner at shop/accounts/load',
      'item.account.owner at shop/save',
    ]);
    expect(error.crossings[0]?.origin).toBe('tenantId');
  });

  test('an instance that all runs share and that keeps the last item', async () => {
    class Previous extends TransformNode<Order, unknown> {
      #last: Order | undefined;
      override transform(order: Order): unknown {
        const pair = new Map([['previous', this.#last]]);
        this.#last = order;
        return pair;
      }
    }
    const Root = definePipeline('orders', (builder) => {
      const source = builder.addSource(({ run }: PipelineContext) => [
        { id: 1, tenant: run.requireTenant() },
      ]);
      const previous = builder.addTransform(new Previous(), { name: 'previous', from: source });
      builder.addSink(() => undefined, { name: 'save', from: previous });
    });

    const error = await leakOf(expectIsolation(Root));

    expect(places(error)).toEqual([
      'output.previous.tenant at orders/previous',
      'item.previous.tenant at orders/save',
    ]);
  });

  test('an item of a module that every run writes into', async () => {
    const shared: { id: number; owner?: string | undefined }[] = [{ id: 1 }];
    const Root = definePipeline('orders', (builder) => {
      const claim = builder.addTransform(
        async (order: (typeof shared)[number], { run }) => {
          order.owner = run.tenantId;
          await nextTurn();
          return order;
        },
        { name: 'claim', from: builder.addSource(shared, 'source') },
      );
      builder.addSink(() => undefined, { name: 'save', from: claim });
    });

    const error = await leakOf(expectIsolation(Root));

    expect(places(error)).toContain('item.owner at orders/claim');
  });

  test('a parameter that is put into a global', async () => {
    const Root = definePipeline('orders', (builder) => {
      const child = builder.addComposite(
        definePipeline<Order, Order>('child', (inner) => {
          const same = inner.addTransform((order: Order) => order, {
            name: 'same',
            from: inner.addCompositeInput(),
          });
          inner.connect(same, inner.addCompositeOutput());
        }),
        {
          name: 'child',
          from: builder.addTransform(
            (order: Order, { parameters }) => {
              Reflect.set(globalThis, 'lastCustomer', parameters.get('customer'));
              return order;
            },
            { name: 'keep', from: builder.addSource(orders, 'source') },
          ),
          with: () => ({ parameters: { onBehalfOf: Reflect.get(globalThis, 'lastCustomer') as unknown } }),
        },
      );
      builder.addSink(() => undefined, { name: 'save', from: child });
    });

    const error = await leakOf(
      expectIsolation(Root, { context: (run) => ({ parameters: { customer: { name: `alice-${run}` } } }) }),
    );
    Reflect.deleteProperty(globalThis, 'lastCustomer');

    expect(places(error)).toEqual(['parameters.onBehalfOf.name at orders/child/same']);
    expect(error.crossings[0]?.origin).toBe('parameters.customer.name');
  });

  describe('a worker that the first run starts', () => {
    /** A queue as one writes it who does not know better: its worker goes on in the context of whoever came first. */
    class PlainQueue<T> {
      readonly #jobs: T[] = [];
      #isRunning = false;

      constructor(private readonly work: (job: T) => unknown) {}

      add(job: T): void {
        this.#jobs.push(job);
        if (!this.#isRunning) void this.#run();
      }

      async #run(): Promise<void> {
        this.#isRunning = true;
        for (let idle = 0; idle < 20; idle += 1) {
          const job = this.#jobs.shift();
          if (job !== undefined) {
            idle = 0;
            await this.work(job);
          }
          await nextTurn();
        }
        this.#isRunning = false;
      }
    }

    interface Job {
      readonly row: string;
      readonly done: (answer: unknown) => void;
    }

    const rootWithQueue = (work: (job: Job) => unknown) => {
      const queue = new PlainQueue<Job>(async (job) => {
        job.done(await work(job));
      });
      return rootWith(
        'enqueue',
        (order, { run }) =>
          new Promise((done) => {
            queue.add({ row: `row of ${run.requireTenant()}`, done: (answer) => done({ ...order, answer }) });
          }),
      );
    };

    test('and stamps rows of others', async () => {
      const Root = rootWithQueue(() => requireContext().run.tenantId);

      expect(places(await leakOf(expectIsolation(Root)))[0]).toBe('output.answer at orders/enqueue');
    });

    test('and writes into the store of that run', async () => {
      class Store {
        readonly rows: string[] = [];
      }
      const Root = rootWithQueue(({ row }) => requireContext().items.require<Store>('store').rows.push(row));

      const error = await leakOf(
        expectIsolation(Root, { context: () => ({ items: { store: new Store() } }) }),
      );

      expect(new Set(error.crossings.map(({ key }) => key))).toEqual(new Set(['items.store.rows[]']));
      expect(new Set(error.crossings.map(({ ownRun }) => ownRun)).size).toBe(1);
    });

    test('and books their costs there', async () => {
      const Root = rootWithQueue(({ row }) => {
        requireContext().run.cost.record({ callId: row, model: 'm', inputTokens: 1, outputTokens: 1 });
      });

      const error = await leakOf(expectIsolation(Root));

      expect(places(error)).toEqual(['cost.callId at orders']);
    });

    test('and writes their log lines there', async () => {
      const Root = rootWithQueue(({ row }) => requireContext().logger.info({ row }, 'written'));

      expect(places(await leakOf(expectIsolation(Root)))).toEqual(['log.row at orders']);
    });

    test('and reads secrets of others, or writes log lines of others, while that run is current', async () => {
      const rootThat = (act: (context: PipelineContext) => unknown) => {
        const queue = new PlainQueue<() => unknown>((job) => job());
        return rootWith(
          'enqueue',
          (order, context) =>
            new Promise((done) => {
              queue.add(async () => {
                await act(context);
                done(order);
              });
            }),
        );
      };
      const asking = rootThat(({ run }) => run.secrets.get('API_KEY'));
      const logging = rootThat(({ logger }) => logger.info({}, 'here'));

      expect(places(await leakOf(expectIsolation(asking)))).toEqual(['currentContext at orders']);
      expect(places(await leakOf(expectIsolation(logging)))).toEqual(['currentContext at orders/enqueue']);
    });
  });

  test('a secret that a module keeps', async () => {
    let cached: Secret | undefined;
    const Root = rootWith('sign', async (order, { run }) => {
      cached ??= await run.secrets.get('API_KEY');
      return { ...order, signature: `signed with ${cached.reveal()}` };
    });

    const error = await leakOf(expectIsolation(Root));
    cached = undefined;
    const own = await leakOf(
      expectIsolation(Root, {
        context: (run) => ({ run: { secrets: mapSecrets({ API_KEY: `key of customer ${run}` }) } }),
      }),
    );

    expect(places(error)[0]).toBe('output.signature at orders/sign');
    expect(error.crossings[0]?.origin).toBe('secrets.API_KEY');
    expect(places(own)[0]).toBe('output.signature at orders/sign');
    expect(error.message).not.toContain('iso-');
    expect(own.message).not.toContain('key of customer');
  });

  test('a secret or a context that is handed on as it is', async () => {
    let kept: { secret: Secret; context: PipelineContext } | undefined;
    const Root = rootWith('hand-on', async (order, context) => {
      kept ??= { secret: await context.run.secrets.get('API_KEY'), context };
      context.items.set('kept', kept.secret);
      return { ...order, from: [kept.context] };
    });

    expect(places(await leakOf(expectIsolation(Root)))).toEqual(
      expect.arrayContaining(['items.kept at orders/hand-on', 'output.from[].runId at orders/hand-on']),
    );
  });

  test('a session that a module keeps', async () => {
    let session: PipelineContext['run']['session'] | undefined;
    const Root = rootWith('remember', (order, { run }) => {
      session ??= run.session;
      session.set('customer', { name: run.tenantId });
      return order;
    });

    const error = await leakOf(expectIsolation(Root));

    expect(error.crossings.map(({ key }) => key)).toContain('session.customer.name');
    expect(new Set(error.crossings.map(({ ownRun }) => ownRun)).size).toBe(1);
  });

  test('what streams, errors, dead letters, properties and outputs hold', async () => {
    let last = '';
    const previous = ({ run }: PipelineContext): string => {
      const [before] = [last, (last = run.requireTenant())];
      return before;
    };
    class Window extends StreamTransformNode<Order, unknown> {
      override async *transform(
        items: AsyncIterable<Order>,
        context: PipelineContext,
      ): AsyncIterable<unknown> {
        for await (const order of items) yield new Set([order, previous(context)]);
      }
    }
    class Archive extends StreamSinkNode<unknown> {
      override async consume(items: AsyncIterable<unknown>, context: PipelineContext): Promise<void> {
        for await (const item of items) context.properties.set('archived', { item, by: previous(context) });
      }
    }
    const Step = definePipeline<Order, Order>('step', (builder) => {
      const failing = builder.addTransform(
        (_order: Order, context) => throwAnything(new RangeError(`not for ${previous(context)}`)),
        { name: 'failing', from: builder.addCompositeInput(), errorPolicy: errorPolicy('deadLetter') },
      );
      builder.addCompositeOutput({ from: failing });
    });
    const Streams = definePipeline('streams', (builder) => {
      const window = builder.addStreamTransform(Window, {
        name: 'window',
        from: builder.addSource(orders, 'source'),
      });
      builder.addSink(Archive, { name: 'archive', from: window });
    });

    expect(places(await leakOf(expectIsolation(Streams)))).toEqual(
      expect.arrayContaining([
        'output[] at streams/window',
        'item[] at streams/archive',
        'properties.archived.by at streams/archive',
      ]),
    );
    const letters = await leakOf(expectIsolation(Step, { input: orders() }));
    expect(places(letters)).toEqual(
      expect.arrayContaining([
        'error.message at step/failing',
        'deadLetter.error.cause.message at step/failing',
      ]),
    );
  });

  test('inputs of a sub-pipeline, each run with its own', async () => {
    const seen: string[] = [];
    const Child = definePipeline<string, string>('child', (builder) => {
      const all = builder.addTransform(
        (name: string) => {
          seen.push(name);
          return seen.join(', ');
        },
        { name: 'all', from: builder.addCompositeInput() },
      );
      builder.connect(all, builder.addCompositeOutput());
    });

    const error = await leakOf(expectIsolation(Child, { input: (run) => [`customer-${run}`] }));

    expect(places(error)).toEqual(['output at child/all', 'output at child']);
    expect(error.crossings[0]?.origin).toBe('input[]');
  });
});

describe('what cannot be proven', () => {
  test('a run that fails: its error is the cause, once all runs have ended', async () => {
    let ended = 0;
    const broken = new RangeError('no database here');
    const Root = rootWith('load', async (_order, { parameters }) => {
      await nextTurn();
      ended += 1;
      if (parameters.get('number') === 3) throw broken;
      return undefined;
    });

    const error = await leakOf(
      expectIsolation(Root, { runs: 5, context: (number) => ({ parameters: { number } }) }),
    );

    expect(error).toMatchObject({ code: 'ISOLATION_BROKEN', path: 'orders/load', crossings: [] });
    expect(error.message).toMatch(
      /^orders\/load: Nothing is proven: of 5 runs \(seed \d+\), run 3 has failed/,
    );
    expect(error.cause).toMatchObject({ code: 'NODE_FAILED', cause: broken });
    expect(ended).toBe(9);
  });

  test('a crossing counts more than a failure that comes of it', async () => {
    let current: string | undefined;
    const Root = rootWith('check', async (order, { run }) => {
      current = run.tenantId;
      await nextTurn();
      if (current !== run.tenantId) throw new RangeError(`got ${String(current)}`);
      return order;
    });

    const error = await leakOf(expectIsolation(Root));

    expect(places(error)[0]).toBe('error.message at orders/check');
    expect(error.cause).toMatchObject({ code: 'NODE_FAILED' });
  });

  test('a source that can be opened once is refused as in production', async () => {
    const once = [{ id: 1 }][Symbol.iterator]();
    const Root = definePipeline('orders', (builder) => {
      builder.addSink(() => undefined, { name: 'save', from: builder.addSource(once, 'source') });
    });

    const error = await leakOf(expectIsolation(Root, { runs: 2 }));

    expect(error.cause).toMatchObject({ code: 'SOURCE_EXHAUSTED', path: 'orders/source' });
  });

  test('wrong options, a context that would be shared, and a wrong input', async () => {
    const Root = rootWith('same', (order) => order);
    const Child = definePipeline<Order, Order>('child', (builder) => {
      const same = builder.addTransform((order: Order) => order, { from: builder.addCompositeInput() });
      builder.connect(same, builder.addCompositeOutput());
    });
    const wrong = async (options: object, definition: typeof Root | typeof Child = Root) => {
      const { code, message } = await rejectionOf(expectIsolation(definition as typeof Root, options));
      return `${code} ${message}`;
    };
    const invalid = /^OPTION_INVALID .*expectIsolation/;

    expect(await wrong({ runs: 1, sead: 2 })).toMatch(/'runs' must be a whole number above 1.*'sead'/);
    expect(await wrong({ context: new PipelineContext() })).toMatch(invalid);
    expect(await wrong({ context: () => ({ run: new PipelineContext().run }) })).toMatch(invalid);
    expect(await wrong({ context: () => undefined })).toMatch(invalid);
    expect(await wrong({ input: [1] })).toMatch(/'input' is for sub-pipelines/);
    expect(await wrong({ input: 5 }, Child)).toMatch(/'input' must be an iterable/);
    expect(await wrong({ input: () => 5 }, Child)).toMatch(/'input' must give an iterable/);
    expect(await wrong({}, Child)).toMatch(/^SUB_PIPELINE_NEEDS_INPUT .*'input'/);
  });
});
