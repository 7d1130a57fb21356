import { describe, expect, test } from 'vitest';
import {
  BackgroundQueue,
  captureContext,
  CostLedger,
  createSession,
  errorPolicy,
  mapSecrets,
  PipelineError,
  PipelineRunner,
  requireContext,
  runDetached,
  runPipeline,
  withContext,
  type PipelineContext,
  type PipelineContextOptions,
  type RunContext,
  type RunContextOptions,
} from 'heirline';
import { definePipeline, nextTurn, range, rejectionOf } from './support/harness.js';
import { childAround, childNode, rootAround, rootChild, rootNode, seenBy } from './support/small-graphs.js';

/** A run of a tenant whose secret `K` tells whose it is. */
function runOf(tenantId: string): RunContextOptions {
  return {
    tenantId,
    principal: { user: `user of ${tenantId}` },
    secrets: mapSecrets({ K: `key of ${tenantId}` }),
  };
}

/** Whom a run acts for, as its code sees it. */
async function actor(run: RunContext): Promise<unknown[]> {
  const key = await run.secrets.get('K').then(
    (secret) => secret.reveal(),
    (error: unknown) => (error instanceof PipelineError ? error.code : error),
  );
  return [run.tenantId, run.principal?.['user'], key];
}

const acme = ['acme', 'user of acme', 'key of acme'];
const nobody = [undefined, undefined, 'SECRET_NOT_FOUND'];
const runner = new PipelineRunner();

/** Whom a run acts for that is started here. */
async function whoRuns(context?: PipelineContext | PipelineContextOptions): Promise<unknown[]> {
  const seen: unknown[] = [];
  await runner.run(
    rootNode(async ({ run }) => {
      seen.push(...(await actor(run)));
    }),
    context,
  );
  return seen;
}

describe('a run that is started in the run of a tenant', () => {
  test('acts for that tenant: with options that name none, and without options', async () => {
    const seen = await seenBy(
      async () => [await whoRuns(), await whoRuns({ parameters: { a: 1 }, run: { runId: 'inner' } })],
      { run: runOf('acme') },
    );

    expect(seen).toEqual([acme, acme]);
  });

  test('acts for that tenant at depth 2, over two runs in between, by runItem and by stream', async () => {
    const seen: unknown[][] = [];
    const Leaf = childNode(async ({ run }) => {
      seen.push(await actor(run));
    });
    const Middle = rootAround(
      childAround(
        childNode(async () => {
          await runner.runItem(Leaf, 1);
          for await (const item of runner.stream(Leaf, [1, 2])) expect(item).toBeLessThan(3);
        }),
      ),
    );
    await runner.run(rootAround(childAround(childNode(() => runner.run(Middle)))), { run: runOf('acme') });

    expect(seen).toEqual([acme, acme, acme]);
  });

  test('takes none of the three where its options name another tenant, and all where they name the same', async () => {
    const seen = await seenBy(
      async () => [
        await whoRuns({ run: { tenantId: 'globex' } }),
        await whoRuns({ run: { tenantId: 'acme' } }),
        await whoRuns({ run: runOf('globex') }),
      ],
      { run: runOf('acme') },
    );

    expect(seen).toEqual([
      ['globex', undefined, 'SECRET_NOT_FOUND'],
      acme,
      ['globex', 'user of globex', 'key of globex'],
    ]);
  });

  test('replaces a principal or secrets that are given alone, and nothing else', async () => {
    const seen = await seenBy(
      async () => [
        await whoRuns({ run: { principal: { user: 'ada' } } }),
        await whoRuns({ run: { secrets: mapSecrets({ K: 'another key' }) } }),
      ],
      { run: runOf('acme') },
    );

    expect(seen).toEqual([
      ['acme', 'ada', 'key of acme'],
      ['acme', 'user of acme', 'another key'],
    ]);
  });

  test('reads no secret that a composite around it withholds, and its reads stand in the one audit', async () => {
    const seen: unknown[] = [];
    const Inner = rootNode(async ({ run }) => {
      seen.push((await run.secrets.get('K')).reveal());
      seen.push((await rejectionOf(run.secrets.get('L'))).message.includes("'root/child'"));
    });
    const { context } = await runPipeline(
      rootChild(() => runPipeline(Inner), { secrets: ['K'] }),
      { run: { tenantId: 'acme', secrets: mapSecrets({ K: 'k', L: 'l' }) } },
    );

    expect(seen).toEqual(['k', true]);
    expect(context.run.secrets.audit().map(({ name, path }) => [name, path])).toEqual([['K', 'root/node']]);
  });

  test('is for nobody only where it is told so: in withContext and in runDetached', async () => {
    const seen = await seenBy(
      async () => [await withContext({}, () => whoRuns()), await runDetached(() => whoRuns())],
      { run: runOf('acme') },
    );

    expect(seen).toEqual([nobody, nobody]);
  });

  test('takes over neither budget, cost nor session', async () => {
    const cost = new CostLedger();
    const seen = await seenBy(
      () =>
        seenBy(({ run }) => [run.budget.remaining('calls'), run.cost.entries.length, run.session.get('a')]),
      { run: { ...runOf('acme'), budget: { calls: 1 }, cost, session: createSession({ a: 1 }) } },
    );

    expect(seen).toEqual([Infinity, 0, undefined]);
  });

  test('cannot have the id of that run: it would be its own parent', async () => {
    const options = { run: { runId: 'job' } };
    const errors = await seenBy(async () => {
      const Inner = rootChild(() => undefined);
      const Child = childNode(() => undefined);
      const outputs = runner.stream(Child, [1], options);
      return [
        await rejectionOf(runner.run(Inner, options)),
        await rejectionOf(runner.runItem(Child, 1, options)),
        await rejectionOf(outputs.result),
        await rejectionOf(withContext(options, () => runner.run(Inner, options))),
      ];
    }, options);

    for (const error of errors) {
      expect(error.code).toBe('OPTION_INVALID');
      expect(error.message).toContain("'job'");
      expect(error.message).toContain('run: context.run');
    }
  });
});

describe('the context of a run that is given to a run', () => {
  /** The contexts of a tenant's run that its code, or others after it, may hand on. */
  async function contextsOf(tenantId: string): Promise<Record<string, PipelineContext>> {
    const contexts: Record<string, PipelineContext> = {};
    const queue = new BackgroundQueue<number>({
      worker: (_item, context) => {
        if (context !== undefined) contexts['queue worker'] = context;
      },
    });
    const { context } = await runPipeline(
      rootAround(
        childAround(
          childNode(async (node) => {
            contexts['node'] = node;
            const captured = captureContext().context;
            if (captured !== undefined) contexts['captured'] = captured;
            await queue.enqueue(1);
          }),
          { contextConfiguration: { inheritParentParameters: true } },
        ),
        { contextConfiguration: { inheritParentParameters: true } },
      ),
      { parameters: { of: tenantId }, run: runOf(tenantId) },
    );
    await queue.close();
    contexts['result'] = context;
    contexts['withContext'] = await withContext(
      { parameters: { of: tenantId }, run: runOf(tenantId) },
      (current) => current,
    );
    return contexts;
  }

  test.each(['node', 'captured', 'queue worker', 'result', 'withContext'])(
    'gives its tenant, principal and secrets: that of a %s, outside and inside of a run of another tenant',
    async (which) => {
      const context = (await contextsOf('acme'))[which];
      expect(context).toBeDefined();
      const outside = await whoRuns(context);
      const inside = await seenBy(() => whoRuns(context), { run: runOf('globex') });

      expect([outside, inside]).toEqual([acme, acme]);
    },
  );

  test('gives its dictionaries as copies; ids and cancelling come from where the run is started', async () => {
    const { node } = await contextsOf('acme');
    const seen: unknown[] = [];
    const Inner = rootNode((inner) => {
      seen.push(inner.parameters.get('of'), inner.run.parentRunId);
      inner.parameters.set('of', 'changed');
      requireContext().run.cancel({ kind: 'shutdown' });
    });
    const Cancelled = rootNode(({ signal }) => {
      seen.push(signal.aborted);
    });
    const outer = runPipeline(
      rootNode(async ({ run, signal }) => {
        seen.push((await rejectionOf(runner.run(Inner, node))).code, signal.aborted);
        run.cancel({ kind: 'superseded' });
        seen.push(await rejectionOf(runner.run(Cancelled, node)));
      }),
      { run: { ...runOf('globex'), runId: 'outer' } },
    );

    expect(await rejectionOf(outer)).toMatchObject({ kind: 'superseded' });
    expect(seen).toMatchObject(['acme', 'outer', 'RUN_CANCELLED', false, { kind: 'superseded' }]);
    expect(node?.parameters.get('of')).toBe('acme');
  });

  test('of nobody’s, inside the run of a tenant, brings no secrets of the host there', async () => {
    const { context } = await runPipeline(rootNode(() => undefined));
    const seen = await seenBy(() => whoRuns(context), { run: runOf('acme') });

    expect(seen).toEqual(acme);
  });

  test('makes no run its own parent, as withContext with a run id did', async () => {
    const seen: unknown[] = [];
    await withContext({ run: { ...runOf('acme'), runId: 'job' } }, (context) =>
      runner.run(
        rootNode(async ({ run }) => {
          seen.push(run.parentRunId, run.rootRunId, run.runId === 'job', ...(await actor(run)));
        }),
        context,
      ),
    );

    expect(seen).toEqual(['job', 'job', false, ...acme]);
  });

  test('has fresh costs, a fresh budget and no session', async () => {
    const { context } = await runPipeline(
      rootNode(({ run }) => run.cost.record({ callId: 'a', model: 'm', inputTokens: 1, outputTokens: 0 })),
      { run: { ...runOf('acme'), budget: { tokens: 1 }, session: createSession({ a: 1 }) } },
    );
    const seen: unknown[] = [];
    const { cost } = await runner.run(
      rootNode(({ run }) => {
        const { late } = run.cost.record({ callId: 'b', model: 'm', inputTokens: 7, outputTokens: 0 });
        seen.push(late, run.budget.limits, run.session.get('a'));
      }),
      context,
    );

    expect(seen).toEqual([undefined, {}, undefined]);
    expect(cost).toMatchObject([{ inputTokens: 7 }]);
  });
});

describe('a run that joins one that has ended', () => {
  test.each(['result', 'captured'] as const)('spends late, given the run of a %s context', async (which) => {
    let captured: RunContext | undefined;
    const cost = new CostLedger();
    const result = await runPipeline(
      rootNode(() => {
        captured = captureContext().context?.run;
      }),
      { run: { runId: 'ended', cost } },
    );
    const run = which === 'result' ? result.context.run : captured;
    const spend = ({ run: own }: PipelineContext) =>
      own.cost.record({ callId: 'after', model: 'm', inputTokens: 1, outputTokens: 0 });
    await runPipeline(rootNode(spend), { run });

    expect(cost.entries).toMatchObject([{ callId: 'after', late: true }]);
    expect(result.context.run.cost.entries).toHaveLength(1);
  });
});

describe('50 runs of five tenants at once', () => {
  test('never see another’s tenant or secret: in lanes, streams, children, queues, captures and runs inside', async () => {
    const strays: unknown[] = [];
    const seenBy: Record<string, number> = {};
    const look = async (place: string, of: unknown): Promise<void> => {
      await nextTurn();
      const { run } = requireContext();
      const [tenantId, , key] = await actor(run);
      if (tenantId !== of || key !== `key of ${String(of)}`) strays.push([place, of, tenantId, key]);
      seenBy[place] = (seenBy[place] ?? 0) + 1;
    };
    const queue = new BackgroundQueue<string>({
      concurrency: 3,
      worker: async (of, context) => {
        await look('queue', of);
        await runner.runItem(Leaf, of, context);
      },
    });
    const batch: (() => Promise<unknown>)[] = [];
    const Leaf = definePipeline<string, string>('leaf', (builder) => {
      const lanes = builder.addTransform(
        async (of: string) => {
          await look('leaf', of);
          return of;
        },
        { from: builder.addCompositeInput(), concurrency: 4 },
      );
      builder.connect(lanes, builder.addCompositeOutput());
    });
    const Middle = definePipeline<string, string>('middle', (builder) => {
      const streamed = builder.addStreamTransform(
        async function* (items: AsyncIterable<string>) {
          for await (const of of items) {
            for await (const inner of runner.stream(Leaf, [of, of])) await look('stream', inner);
            yield of;
          }
        },
        { from: builder.addCompositeInput() },
      );
      builder.connect(streamed, builder.addCompositeOutput());
    });
    const Root = definePipeline('root', (builder) => {
      const source = builder.addSource(
        ({ parameters }) => Array<string>(3).fill(parameters.require('of')),
        'source',
      );
      const child = builder.addComposite(Middle, { name: 'child', from: source, concurrency: 2 });
      builder.addSink(
        async (of: string, context) => {
          await runner.runItem(Leaf, of);
          await runner.runItem(Leaf, of, context);
          await withContext(context, () => look('withContext', of));
          await queue.enqueue(of);
          const captured = captureContext();
          batch.push(() => captured.run(() => runner.runItem(Leaf, of)));
        },
        { name: 'sink', from: child, errorPolicy: errorPolicy('fail') },
      );
    });
    const tenants = range(1, 50).map((number) => `tenant ${String(number % 5)}`);
    const results = await Promise.all(
      tenants.map((of) => runner.run(Root, { parameters: { of }, run: runOf(of) })),
    );
    await Promise.all(batch.map((work) => work()));
    for (const [index, { context }] of results.entries())
      await runner.runItem(Leaf, tenants[index] ?? '', context);
    await queue.close();

    expect(strays).toEqual([]);
    expect(seenBy).toEqual({
      leaf: 50 * (3 * 2 + 3 * 2 + 3 + 3 + 1),
      stream: 300,
      withContext: 150,
      queue: 150,
    });
  });
});
