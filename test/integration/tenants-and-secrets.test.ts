import { describe, expect, test } from 'vitest';
import type { Secret } from 'heirline';
import {
  buildPipeline,
  mapSecrets,
  pipeline,
  PipelineRunner,
  runDetached,
  runPipeline,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineDefinition,
  type RunContextOptions,
  type SecretProvider,
} from 'heirline';
import { codesOf, definePipeline, delay, errorOf, range, rejectionOf, resultOf } from './support/harness.js';
import { childAround, childNode, rootAround, rootChild, rootNode } from './support/small-graphs.js';

/** The value of a secret, or the code that asking for it ended with. */
async function valueOf({ run }: PipelineContext, name = 'API_KEY', fresh = false): Promise<string> {
  return await run.secrets.get(name, { fresh }).then(
    (secret) => secret.reveal(),
    (error: unknown) => (error as { code: string }).code,
  );
}

const withSecrets = (
  secrets: SecretProvider,
  more: RunContextOptions = {},
): { readonly run: RunContextOptions } => ({ run: { secrets, ...more } });

describe('tenants', () => {
  test('20 of them at once, each with a provider of its own, get 20 values of their own', async () => {
    const runner = new PipelineRunner();
    const seen: (string | undefined)[][] = [];
    const look = async (context: PipelineContext): Promise<void> => {
      await delay(20);
      seen.push([context.run.tenantId, await valueOf(context)]);
    };
    const Root = rootAround(childNode(look), {}, [1], look);

    await Promise.all(
      range(1, 20).map((n) =>
        runner.run(
          Root,
          withSecrets(mapSecrets({ API_KEY: `value of ${String(n)}` }), { tenantId: String(n) }),
        ),
      ),
    );

    expect(seen).toHaveLength(40);
    expect(seen.filter(([tenant, value]) => value !== `value of ${String(tenant)}`)).toEqual([]);
    expect(new Set(seen.map(([tenant]) => tenant)).size).toBe(20);
  });

  test('cannot be changed, nor can the principal, by no node and by no caller', async () => {
    const principal = { user: { name: 'ada', roles: ['reader'] } };
    const seen: unknown[] = [];
    await runPipeline(
      rootAround(
        childNode(({ run }) => {
          const inner = run.principal as typeof principal;
          seen.push(Reflect.set(run, 'tenantId', 'other'), Reflect.set(inner, 'admin', true));
          seen.push(Reflect.set(inner.user, 'name', 'eve'), Reflect.set(inner.user.roles, 0, 'admin'));
          principal.user.name = 'changed by the caller';
          seen.push(run.tenantId, run.principal);
        }),
        {},
        [1],
        ({ run }) => seen.push(run.requireTenant()),
      ),
      { run: { tenantId: 'acme', principal } },
    );

    const before = { user: { name: 'ada', roles: ['reader'] } };
    expect(seen).toEqual([false, false, false, false, 'acme', before, 'acme']);
  });

  test('cannot be given to a child: a composite has no such option', () => {
    for (const option of ['tenantId', 'run', 'principal', 'requireTenant']) {
      const Root = rootChild(() => undefined, { [option]: 'other' });
      expect(codesOf(errorOf(() => buildPipeline(Root)))).toEqual(['OPTION_INVALID']);
    }
  });

  test('are required by whoever needs one: without it TENANT_REQUIRED is thrown, naming the node', async () => {
    const error = await rejectionOf(runPipeline(rootChild(({ run }) => run.requireTenant())));

    expect(error).toMatchObject({
      code: 'NODE_FAILED',
      path: 'root/child/node',
      cause: { code: 'TENANT_REQUIRED', path: 'root/child/node' },
    });
  });

  test('are required by a runner that says so: a run without one is refused before anything starts', async () => {
    const runner = new PipelineRunner({ requireTenant: true });
    const started: string[] = [];
    const Root = definePipeline('root', (builder) => {
      builder.connect(
        builder.addSource(() => {
          started.push('source');
          return [1];
        }, 'source'),
        builder.addSink(() => started.push('node'), 'node'),
      );
    });

    expect((await rejectionOf(runner.run(Root))).code).toBe('TENANT_REQUIRED');
    expect(
      (
        await rejectionOf(
          runner.runItem(
            childNode(() => undefined),
            1,
          ),
        )
      ).code,
    ).toBe('TENANT_REQUIRED');
    expect(started).toEqual([]);
    expect((await runner.run(Root, { run: { tenantId: 'acme' } })).status).toBe('succeeded');
  });

  test('are taken from the run around, so such a runner refuses only a run that is detached from it', async () => {
    const runner = new PipelineRunner({ requireTenant: true });
    const seen: string[] = [];
    const Inner = rootNode((context) => seen.push(context.run.requireTenant()));
    await runner.run(
      rootNode(async ({ run }) => {
        await runner.run(Inner);
        await runner.run(Inner, { run });
        seen.push((await rejectionOf(runDetached(() => runner.run(Inner)))).code);
      }),
      { run: { tenantId: 'acme' } },
    );

    expect(seen).toEqual(['acme', 'acme', 'TENANT_REQUIRED']);
  });
});

describe('a composite that passes on some secrets only', () => {
  const all = mapSecrets({ A: 'value a', B: 'value b', C: 'value c' });
  const look = async (context: PipelineContext): Promise<string[]> =>
    Promise.all(['A', 'B', 'C'].map((name) => valueOf(context, name)));

  test('withholds the others, also when they are known already or asked for afresh; the parent keeps all', async () => {
    const seen: string[][] = [];
    const Root = definePipeline('root', (builder) => {
      const first = builder.addTransform(
        async (item: number, context) => {
          seen.push(await look(context));
          return item;
        },
        { name: 'first', from: builder.addSource([1], 'source') },
      );
      const Child = childNode(async (context) => {
        seen.push(await look(context), [await valueOf(context, 'B', true)]);
      });
      const child = builder.addComposite(Child, { name: 'child', from: first, secrets: ['A'] });
      builder.connect(
        child,
        builder.addSink(async (_item: number, context) => {
          seen.push(await look(context));
        }, 'sink'),
      );
    });
    await runPipeline(Root, withSecrets(all));

    const none = 'SECRET_NOT_FOUND';
    const whole = ['value a', 'value b', 'value c'];
    expect(seen).toEqual([whole, ['value a', none, none], [none], whole]);
  });

  test('is named in the error', async () => {
    const error = await rejectionOf(
      runPipeline(
        rootChild(({ run }) => run.secrets.get('B'), { secrets: ['A'] }),
        withSecrets(all),
      ),
    );

    expect(error.cause).toMatchObject({ code: 'SECRET_NOT_FOUND', path: 'root/child/node' });
    expect((error.cause as Error).message).toContain("'root/child'");
  });

  test('never widens what one around it passes: nested lists are intersected', async () => {
    const seen: string[][] = [];
    const Inner = childNode(async (context) => {
      seen.push(await look(context));
    });
    const Root = rootAround(childAround(Inner, { secrets: ['B', 'C'] }), { secrets: ['A', 'B'] });
    await runPipeline(Root, withSecrets(all));

    expect(seen).toEqual([['SECRET_NOT_FOUND', 'value b', 'SECRET_NOT_FOUND']]);
  });

  test('names the composite that withholds, at whichever level that is', async () => {
    const messageFor = async (name: string): Promise<string> => {
      const Inner = childNode(({ run }) => run.secrets.get(name));
      const Root = rootAround(childAround(Inner, { secrets: ['B', 'C'] }), { secrets: ['A', 'B'] });
      return ((await rejectionOf(runPipeline(Root, withSecrets(all)))).cause as Error).message;
    };

    expect(await messageFor('A')).toContain("'root/child/inner'");
    expect(await messageFor('C')).toContain("'root/child'");
  });

  test('may pass none, and may be a stream composite', async () => {
    const seen: string[][] = [];
    const Child = childNode(async (context) => {
      seen.push(await look(context));
    });
    const Stream = definePipeline('root', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource([1], 'source'),
        granularity: 'stream',
        secrets: ['C'],
      });
      builder.connect(
        child,
        builder.addSink(() => undefined),
      );
    });
    await runPipeline(rootAround(Child, { secrets: [] }), withSecrets(all));
    await runPipeline(Stream, withSecrets(all));

    const none = 'SECRET_NOT_FOUND';
    expect(seen).toEqual([
      [none, none, none],
      [none, none, 'value c'],
    ]);
  });

  test.each([['A'], [[1]], [['']], [{}], [[undefined]], [42], [null]])(
    'must name texts: not %j',
    (secrets) => {
      const Root = rootChild(() => undefined, { secrets: secrets as string[] });

      expect(codesOf(errorOf(() => buildPipeline(Root)))).toEqual(['OPTION_INVALID']);
    },
  );
});

@pipeline({ name: 'needs', requires: { secrets: ['API_KEY'] } })
class Decorated implements PipelineDefinition<number, number> {
  define(builder: PipelineBuilder<number, number>): void {
    builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
  }
}

class Static implements PipelineDefinition<number, number> {
  static readonly pipeline = { name: 'needs', requires: { secrets: ['API_KEY'] } };

  define(builder: PipelineBuilder<number, number>): void {
    builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
  }
}

describe.each([
  ['the decorator', Decorated],
  ['the static form', Static],
])('a definition that requires a secret by %s', (_form, Needs) => {
  test('does not build below a composite that withholds it; the error names path, secret and option', () => {
    const error = errorOf(() => buildPipeline(rootAround(Needs, { secrets: ['OTHER'] })));
    const nested = errorOf(() => buildPipeline(rootAround(childAround(Needs), { secrets: [] })));

    expect(codesOf(error)).toEqual(['SECRET_NOT_FOUND']);
    expect(error.message).toContain('root/child');
    expect(error.message).toContain('API_KEY');
    expect(error.message).toContain('secrets');
    expect(codesOf(nested)).toEqual(['SECRET_NOT_FOUND']);
    expect(buildPipeline(rootAround(Needs, { secrets: ['API_KEY'] })).name).toBe('root');
  });

  test('does not start where the provider lacks it: no source is opened, no item flows', async () => {
    const opened: string[] = [];
    const items = {
      [Symbol.iterator]: () => {
        opened.push('source');
        return [1][Symbol.iterator]();
      },
    };
    const Root = rootAround(childAround(Needs), {}, items);
    const lacking = await rejectionOf(runPipeline(Root, withSecrets(mapSecrets({}))));
    const alone = await rejectionOf(new PipelineRunner().runItem(Needs, 1, withSecrets(mapSecrets({}))));

    for (const error of [lacking, alone]) {
      expect(error.code).toBe('SECRET_NOT_FOUND');
      expect(error.message).toContain('API_KEY');
    }
    expect(opened).toEqual([]);
    expect((await runPipeline(Root, withSecrets(mapSecrets({ API_KEY: 'v' })))).status).toBe('succeeded');
    expect(opened).toEqual(['source']);
  });

  test('does not start either where the provider fails or never answers before the deadline', async () => {
    const Root = rootAround(Needs);
    const failing = { resolve: () => Promise.reject(new RangeError('vault down')) };
    const silent = { resolve: () => new Promise<Secret>(() => undefined) };
    const failed = await rejectionOf(runPipeline(Root, withSecrets(failing)));
    const late = await rejectionOf(runPipeline(Root, withSecrets(silent, { timeoutMs: 20 })));

    expect(failed.message).toContain('API_KEY');
    expect(late).toMatchObject({ code: 'RUN_CANCELLED', kind: 'deadline' });
    expect(resultOf(late).status).toBe('cancelled');
  });
});
