import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  mapSecrets,
  PipelineError,
  PipelineRunner,
  runPipeline,
  Secret,
  SecretNotFoundError,
  type PipelineContext,
  type SecretProvider,
  type SecretRead,
} from 'heirline';
import { delay, gate, range, rejectionOf, resultOf } from './support/harness.js';
import { childNode, rootAround, rootChild, rootNode } from './support/small-graphs.js';

/** A provider that does as it is told, and how often it was asked. */
function provider(resolve: (times: number) => unknown): { secrets: SecretProvider; asked: () => number } {
  let times = 0;
  return {
    secrets: { resolve: () => resolve((times += 1)) as Secret },
    asked: () => times,
  };
}

/** A run of one node that does something with such a provider. */
async function runWith(secrets: SecretProvider, work: (context: PipelineContext) => unknown): Promise<void> {
  await runPipeline(
    rootNode(async (context) => {
      await work(context);
    }),
    { run: { secrets } },
  );
}

const silent: SecretProvider = { resolve: () => new Promise(() => undefined) };

/** The value of a secret, or the code that asking for it ended with. */
async function valueOf({ run }: PipelineContext, name: string): Promise<string> {
  return await run.secrets.get(name).then(
    (secret) => secret.reveal(),
    (error: unknown) => (error as { code: string }).code,
  );
}

describe('where a secret comes from', () => {
  beforeEach(() => {
    process.env['HEIRLINE_TEST_SECRET'] = 'from the environment';
  });
  afterEach(() => {
    delete process.env['HEIRLINE_TEST_SECRET'];
  });

  async function found(secrets?: SecretProvider): Promise<string[]> {
    const seen: string[] = [];
    await runPipeline(
      rootNode(async (context) => {
        seen.push(await valueOf(context, 'HEIRLINE_TEST_SECRET'), await valueOf(context, 'OWN'));
      }),
      { run: { secrets } },
    );
    return seen;
  }

  test('without a provider: the environment', async () => {
    expect(await found()).toEqual(['from the environment', 'SECRET_NOT_FOUND']);
  });

  test('with a provider: only that, whatever the environment has', async () => {
    expect(await found(mapSecrets({ OWN: 'own' }))).toEqual(['SECRET_NOT_FOUND', 'own']);
  });

  test('with a provider that falls back: the environment where it has none', async () => {
    expect(await found(mapSecrets({ OWN: 'own' }, { fallback: 'env' }))).toEqual([
      'from the environment',
      'own',
    ]);
  });

  test('one that is nowhere fails the node, which is named with the secret', async () => {
    const error = await rejectionOf(
      runPipeline(
        rootChild(({ run }) => run.secrets.get('API_KEY')),
        { run: { secrets: mapSecrets({}) } },
      ),
    );

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/child/node' });
    expect(error.cause).toBeInstanceOf(SecretNotFoundError);
    expect((error.cause as Error).message).toContain('API_KEY');
  });
});

describe('a secret', () => {
  test('is asked for once per run and name, whatever the depth, and once more in another run', async () => {
    const { secrets, asked } = provider(() => Secret.of('the value'));
    const Root = rootAround(
      childNode(({ run }) => run.secrets.get('A')),
      {},
      [1, 2, 3],
      ({ run }) => run.secrets.get('A'),
    );

    await runPipeline(Root, { run: { secrets } });
    expect(asked()).toBe(1);
    await runPipeline(Root, { run: { secrets } });
    expect(asked()).toBe(2);
  });

  test('of a slow provider is asked for once by 50 lanes at once', async () => {
    const open = gate<Secret>();
    const { secrets, asked } = provider(() => open.opened);
    const seen: string[] = [];
    let waiting = 0;
    await runPipeline(
      rootChild(
        async ({ run }) => {
          if ((waiting += 1) === 50) setTimeout(() => open.open(Secret.of('slow')), 5);
          seen.push((await run.secrets.get('A')).reveal());
        },
        { concurrency: 50 },
        range(1, 50),
      ),
      { run: { secrets } },
    );

    expect({ asked: asked(), seen: new Set(seen), lanes: seen.length }).toEqual({
      ...{ asked: 1, seen: new Set(['slow']), lanes: 50 },
    });
  });

  test('is rotated by asking afresh: later reads in the run get the new one', async () => {
    const { secrets, asked } = provider((times) => Secret.of(`value ${String(times)}`));
    const seen: string[] = [];
    await runPipeline(
      rootAround(
        childNode(async ({ run }) => {
          seen.push((await run.secrets.get('A')).reveal(), (await run.secrets.get('A')).reveal());
          seen.push((await run.secrets.get('A', { fresh: true })).reveal());
        }),
        {},
        [1],
        async ({ run }) => {
          seen.push((await run.secrets.get('A')).reveal());
        },
      ),
      { run: { secrets } },
    );

    expect(seen).toEqual(['value 1', 'value 1', 'value 2', 'value 2']);
    expect(asked()).toBe(2);
  });

  test('shows a placeholder however it is printed, and its value only to `reveal`', async () => {
    await runWith(mapSecrets({ A: 'the very value' }), async ({ run }) => {
      const secret = await run.secrets.get('A');
      const { inspect, format } = await import('node:util');
      const printed = [
        ...[String(secret), [secret].join(), JSON.stringify({ secret })],
        ...[inspect(secret, { showHidden: true, depth: 9 }), format('%s %o %j', secret, secret, secret)],
        ...[inspect({ deep: [secret] }), JSON.stringify(Object.entries(secret)), String(Object.keys(secret))],
      ];
      expect(printed.filter((text) => text.includes('the very value'))).toEqual([]);
      expect(secret.reveal()).toBe('the very value');
    });
  });
});

describe('the audit of a run', () => {
  test('tells every read in order, with the node that read, in all of the run and without values', async () => {
    let audit: readonly SecretRead[] = [];
    const before = Date.now();
    await runPipeline(
      rootAround(
        childNode(async ({ run }) => {
          await run.secrets.get('A');
          await run.secrets.get('B');
          await rejectionOf(run.secrets.get('NONE'));
        }),
        { secrets: ['A', 'B', 'NONE'] },
        [1],
        async ({ run }) => {
          await run.secrets.get('A');
          audit = run.secrets.audit();
        },
      ),
      { run: { secrets: mapSecrets({ A: 'value one', B: 'value two' }) } },
    );

    expect(audit.map(({ name, path }) => [name, path])).toEqual([
      ['A', 'root/child/node'],
      ['B', 'root/child/node'],
      ['A', 'root/sink'],
    ]);
    expect(audit.every(({ at }) => at.getTime() >= before && at.getTime() <= Date.now())).toBe(true);
    expect(JSON.stringify(audit)).not.toContain('value');
  });

  test('is the run’s own, and what a reader does to the list changes nothing', async () => {
    const secrets = mapSecrets({ A: 'value' });
    const audits: number[] = [];
    const Root = rootNode(async ({ run }) => {
      await run.secrets.get('A');
      try {
        (run.secrets.audit() as SecretRead[]).push({ name: 'X', path: 'x', at: new Date() });
      } catch {
        // It may be frozen.
      }
      audits.push(run.secrets.audit().length);
    });
    const runner = new PipelineRunner();
    await Promise.all(range(1, 5).map(() => runner.run(Root, { run: { secrets } })));

    expect(audits).toEqual([1, 1, 1, 1, 1]);
  });
});

describe('a provider', () => {
  for (const [title, fail] of [
    ['rejects', () => Promise.reject(new RangeError('the vault is sealed'))],
    [
      'throws',
      () => {
        throw new RangeError('the vault is sealed');
      },
    ],
  ] as const) {
    test(`that ${title} gives an error of this library with the original as cause, and is asked again`, async () => {
      const { secrets, asked } = provider((times) => (times === 1 ? fail() : Secret.of('at last')));
      await runWith(secrets, async ({ run }) => {
        const error = await rejectionOf(run.secrets.get('A'));
        expect(error).toMatchObject({ path: 'root/node', cause: { message: 'the vault is sealed' } });
        expect(error.code).not.toBe('SECRET_NOT_FOUND');
        expect((await run.secrets.get('A')).reveal()).toBe('at last');
      });
      expect(asked()).toBe(2);
    });
  }

  test('that had none is asked again', async () => {
    const { secrets } = provider((times) => (times === 1 ? undefined : Secret.of('at last')));
    await runWith(secrets, async ({ run }) => {
      expect((await rejectionOf(run.secrets.get('A'))).code).toBe('SECRET_NOT_FOUND');
      expect((await run.secrets.get('A')).reveal()).toBe('at last');
    });
  });

  test('that gives something else than a Secret is refused, and what it gave is not shown', async () => {
    for (const wrong of ['a naked value', { reveal: () => 'a naked value' }, null, 42, ['a naked value']]) {
      await runWith({ resolve: () => wrong as never }, async ({ run }) => {
        const error = await rejectionOf(run.secrets.get('A'));
        expect(error).toBeInstanceOf(PipelineError);
        expect(`${error.message} ${String(error.stack)}`).not.toContain('a naked value');
      });
    }
  });

  test('that never answers does not keep a run beyond its deadline', async () => {
    const error = await rejectionOf(
      runPipeline(
        rootChild(({ run }) => run.secrets.get('A')),
        { run: { secrets: silent, timeoutMs: 30 } },
      ),
    );

    expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'deadline' });
    expect(resultOf(error).abandoned).toEqual([]);
  });

  test('that never answers does not keep a run that is cancelled', async () => {
    const asked = gate();
    const controller = new AbortController();
    const run = rejectionOf(
      runPipeline(
        rootChild(({ run: { secrets } }) => {
          setTimeout(asked.open, 1);
          return secrets.get('A');
        }),
        { run: { secrets: silent, signal: controller.signal } },
      ),
    );
    await asked.opened;
    controller.abort({ kind: 'shutdown' });

    expect(await run).toMatchObject({ code: 'RUN_CANCELLED', kind: 'shutdown' });
  });

  test('that never answers ends with the limit of the composite around, as a timeout of the item', async () => {
    const error = await rejectionOf(
      runPipeline(
        rootChild(({ run }) => run.secrets.get('A'), { timeoutMs: 20 }),
        { run: { secrets: silent } },
      ),
    );

    expect(error).toMatchObject({ code: 'NODE_TIMEOUT', path: 'root/child' });
    expect(resultOf(error).status).toBe('failed');
  });

  test('is detached from its first asker: an answer that comes after that one’s timeout serves the next', async () => {
    const { secrets } = provider(async () => {
      await delay(40);
      return Secret.of('the value');
    });
    const seen: string[] = [];
    await runPipeline(
      rootChild(
        async ({ run }, item) => {
          if (item === 2) await delay(5);
          seen.push((await run.secrets.get('A')).reveal());
        },
        { concurrency: 2, timeoutMs: 1_000 },
        [1, 2],
      ),
      { run: { secrets } },
    );

    expect(seen).toEqual(['the value', 'the value']);
  });

  test('must be one: anything else is refused before the run starts', async () => {
    for (const secrets of [{}, 'env', { resolve: 'no function' }, null]) {
      const started: unknown[] = [];
      const error = await rejectionOf(
        runPipeline(
          rootNode(() => started.push(1)),
          { run: { secrets: secrets as never } },
        ),
      );
      expect([error.code, started]).toEqual(['OPTION_INVALID', []]);
    }
  });
});
