import { describe, expect, test } from 'vitest';
import {
  BackgroundQueue,
  CostLedger,
  errorPolicy,
  mapSecrets,
  PipelineRunner,
  requireContext,
  RunContext,
  runPipeline,
  Secret,
  withContext,
  type PipelineContext,
  type PipelineContextOptions,
} from 'heirline';
import { range, throwAnything } from './support/harness.js';
import { childAround, childNode, rootAround, rootChild, rootNode } from './support/small-graphs.js';
import { core, printed, secret, Written } from './support/written.js';

/** What a node throws when the secret has come into it. */
const thrown: Record<string, (context: PipelineContext) => unknown> = {
  'an error with it in its message': () => throwAnything(new RangeError(`wrong key ${secret}`)),
  'an error with it in its cause': () => throwAnything(new Error('wrong', { cause: new Error(secret) })),
  'an error with it in its name, code and more': () =>
    throwAnything(Object.assign(new Error('wrong'), { name: secret, code: secret, details: { secret } })),
  'errors with it, collected': () => throwAnything(new AggregateError([new Error(secret)], secret)),
  'it as a text': () => throwAnything(secret),
  'it in an object': () => throwAnything({ deep: [{ secret }] }),
  'it in JSON': () => throwAnything(new Error(JSON.stringify({ secret }))),
  'it in a URL': () => throwAnything(new Error(`https://api.test/?key=${encodeURIComponent(secret)}`)),
  'an error of the framework that names it': ({ parameters }) => parameters.require(`${secret}?`),
  'a rejected promise': () => Promise.reject(new Error(secret)),
};

/** A node that reads the secret first. */
const reading =
  (work: (context: PipelineContext) => unknown) =>
  async (context: PipelineContext): Promise<void> => {
    await context.run.secrets.get('API_KEY');
    await work(context);
  };

describe('no secret is written', () => {
  test('the framework sees it: without the redaction of a known secret it is everywhere', async () => {
    const written = await new Written().run(rootNode(() => throwAnything(new Error(secret))));

    expect(written.leaks().map((leak) => leak.split(':')[0])).toEqual(['events', 'more']);
  });

  describe.each(Object.keys(thrown))('where a node throws %s', (title) => {
    const work = reading((context) => thrown[title]?.(context));
    const policies = {
      fail: undefined,
      skip: errorPolicy('skip'),
      deadLetter: errorPolicy('deadLetter'),
      retry: errorPolicy({ then: { retry: { attempts: 3, exhausted: 'deadLetter' } } }),
    };

    test.each(Object.entries(policies))('and the policy says %s', async (_name, policy) => {
      const written = new Written();
      const values = { [secret]: secret, deep: { list: [secret], map: new Map([[secret, { secret }]]) } };
      const more = { parameters: values, items: values, properties: values };
      const inherit = { inheritParentParameters: true, inheritParentProperties: true };
      const errorPolicyOf = { errorPolicy: policy };
      await written.run(rootNode(work, [1], errorPolicyOf), more);
      await written.run(
        rootAround(childNode(work, errorPolicyOf), { contextConfiguration: inherit }, [1, 2]),
        more,
      );
      await written.run(
        rootAround(childAround(childNode(work)), { contextConfiguration: inherit, ...errorPolicyOf }),
        more,
      );

      expect(written.leaks()).toEqual([]);
      expect(written.observer.of('itemFailed').length).toBeGreaterThanOrEqual(4);
      if (title.startsWith('an error with it in its message'))
        expect(printed(written.observer.events)).toContain('[secret]');
    });
  });

  test('where the items that are dead-lettered hold it', async () => {
    const items: unknown[] = [
      secret,
      { secret },
      { [secret]: 1 },
      [[secret]],
      new Map([[secret, new Set([secret])]]),
      new Error(secret),
      Object.assign(Object.create(null) as object, { secret }),
    ];
    const written = new Written();
    await written.run(
      rootNode(
        reading(() => throwAnything(new Error('no'))),
        items as number[],
        { errorPolicy: errorPolicy('deadLetter') },
      ),
    );

    expect(written.letters.envelopes).toHaveLength(items.length);
    expect(written.leaks()).toEqual([]);
  });

  test('in log lines of nodes: neither in fields, names, errors, nor messages', async () => {
    const written = await new Written().run(
      rootChild(
        reading((context) => {
          for (const logger of [context.logger, context.run.logger]) {
            for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const)
              logger[level]({ secret, [secret]: [secret], error: new Error(secret) }, `key: ${secret}`);
          }
        }),
      ),
    );

    expect(written.lines).toHaveLength(10);
    expect(written.leaks()).toEqual([]);
  });

  test('in log lines of the framework, about what went wrong beside the run', async () => {
    const written = new Written();
    const queue = new BackgroundQueue<number>({ worker: () => throwAnything(new Error(secret)) });
    const throwing = () => throwAnything(new Error(secret));
    const Root = rootNode(
      reading(async (context) => {
        context.run.onCancel(throwing);
        context.onDispose(throwing);
        await queue.enqueue(1);
        context.run.cancel({ kind: 'shutdown' });
      }),
    );
    await written.run(Root, { executionObserver: { nodeCompleted: throwing, pipelineFailed: throwing } });
    await queue.close();

    expect(written.lines.length).toBeGreaterThanOrEqual(4);
    expect(written.leaks()).toEqual([]);
  });

  test.each<[string, (context: PipelineContext) => unknown]>([
    ['the run', ({ run }) => run.cancel({ kind: 'user', message: `key ${secret}` })],
    ['the nearest scope', (context) => context.cancel({ kind: 'user', message: `key ${secret}` })],
  ])('in the reason of a cancel of %s', async (_title, cancel) => {
    const written = new Written();
    await written.run(rootNode(reading(cancel)));
    await written.run(rootChild(reading(cancel), { cancellable: true }));

    expect(written.leaks()).toEqual([]);
  });

  test.each<[string, PipelineContextOptions]>([
    ['a dead-letter sink', { deadLetterSink: { write: () => throwAnything(new Error(secret)) } }],
    ['a lineage sink', { lineageSink: { record: () => throwAnything(new Error(secret)) } }],
    [
      'what takes cost entries',
      { run: { cost: new CostLedger({ onEntry: () => Promise.reject(new Error(secret)) }) } },
    ],
    ['a decorator', { deadLetterDecorator: () => throwAnything(new Error(secret)) }],
  ])('in the end of a run that %s has ended', async (_title, more) => {
    const written = new Written();
    const work = reading(({ run }) => {
      run.cost.record({ callId: 'a', model: 'm', inputTokens: 1, outputTokens: 0 });
      throw new Error('no');
    });
    await written.run(rootNode(work, [1], { errorPolicy: errorPolicy('deadLetter') }), more);

    expect(written.leaks()).toEqual([]);
    expect(printed(written.more)).toContain('SINK_REJECTED');
  });

  test('in the error of a disposer that throws after a good run', async () => {
    const written = await new Written().run(
      rootNode(
        reading((context) => {
          context.onDispose(() => throwAnything(new Error(secret)));
        }),
      ),
    );

    expect(printed(written.more)).toContain('DISPOSAL_FAILED');
    expect(written.leaks()).toEqual([]);
  });

  test('after rotation neither the new one nor the old one', async () => {
    let times = 0;
    const secrets = { resolve: () => Secret.of(`${core} number ${String((times += 1))}`) };
    const written = await new Written().run(
      rootNode(async ({ run, logger }) => {
        await run.secrets.get('API_KEY');
        await run.secrets.get('API_KEY', { fresh: true });
        for (const n of [1, 2]) logger.info({ old: `${core} number ${String(n)}` }, `${core} number 1`);
        throw new Error(`${core} number 1 and ${core} number 2`);
      }),
      { run: { secrets } },
    );

    expect(times).toBe(2);
    expect(written.leaks()).toEqual([]);
  });

  test('of a run inside a run, in what the outer one writes about it', async () => {
    const written = new Written();
    const Inner = rootNode(reading(() => throwAnything(new Error(secret))));
    await written.run(
      rootNode(() => runPipeline(Inner, { run: { secrets: mapSecrets({ API_KEY: secret }) } }), [1], {
        errorPolicy: errorPolicy('deadLetter'),
      }),
      { run: { secrets: mapSecrets({}) } },
    );

    expect(written.letters.envelopes).toHaveLength(1);
    expect(written.leaks()).toEqual([]);
  });

  test('by a run that joins another, or a restored one, about secrets that either has read', async () => {
    const written = new Written();
    const leaking = (reads: boolean) =>
      rootNode(async ({ run, logger, parameters }) => {
        if (reads) await run.secrets.get('API_KEY');
        logger.info({ secret }, secret);
        parameters.set('secret', secret);
        throw new Error(secret);
      });
    const deadLetter = { ...written.options(), run: undefined };
    const Root = rootNode(async ({ run }) => {
      await run.secrets.get('API_KEY');
      for (const reads of [true, false]) await written.join(leaking(reads), { ...deadLetter, run });
    });
    await written.run(Root);
    const carrier = {
      version: 1,
      runId: 'r',
      rootRunId: 'r',
      correlationId: 'c',
      secrets: ['API_KEY'],
    } as const;
    const run = RunContext.fromCarrier(carrier, { secrets: mapSecrets({ API_KEY: secret }) });
    await written.join(leaking(true), { ...deadLetter, run });

    expect(written.lines).toHaveLength(3);
    expect(written.leaks()).toEqual([]);
  });

  test('by a script, in the log lines of `withContext`', async () => {
    const written = new Written();
    await withContext(written.options(), async () => {
      const { run, logger } = requireContext();
      await run.secrets.get('API_KEY');
      logger.info({ secret, error: new Error(secret) }, secret);
    });

    expect(written.lines).toHaveLength(1);
    expect(written.leaks()).toEqual([]);
  });

  test('of another run at once: each knows its own only, and shows what is not its own', async () => {
    const runner = new PipelineRunner();
    const all = range(1, 20).map((n) => `secret of ${String(n)} `);
    const Root = rootNode(async ({ run, logger }) => {
      await run.secrets.get('API_KEY');
      logger.info({ all }, 'all');
    });
    const lines = await Promise.all(
      all.map(async (value) => {
        const written = new Written();
        await runner.run(Root, written.options({ run: { secrets: mapSecrets({ API_KEY: value }) } }));
        return written.lines;
      }),
    );

    for (const [index, line] of lines.entries())
      expect(line).toMatchObject([
        [{ all: all.map((value, each) => (each === index ? '[secret]' : value)) }, 'all'],
      ]);
  });
});

test('a Secret itself shows no value, wherever it is put, also one that was never read from a provider', async () => {
  const held = Secret.of(secret);
  const written = new Written();
  const values = { held, list: [held], map: new Map([['held', held]]) };
  const work = (context: PipelineContext): never => {
    context.logger.info({ held, nested: { held } }, `held: ${String(held)}`);
    context.parameters.set('more', { held });
    throw Object.assign(new Error(`with ${String(held)}`, { cause: { held } }), { held });
  };
  await written.run(rootNode(work, [held, { held }] as never[], { errorPolicy: errorPolicy('deadLetter') }), {
    parameters: values,
    items: values,
    properties: values,
  });
  await written.run(rootNode(work), { parameters: values });

  expect(written.letters.envelopes).toHaveLength(2);
  expect(written.leaks()).toEqual([]);
});
