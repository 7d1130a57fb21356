import { serialize } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import {
  CostLedger,
  createSession,
  mapSecrets,
  RunContext,
  runPipeline,
  withContext,
  type CarrierHost,
  type ItemCompositeOptions,
  type PipelineContext,
  type RunCarrier,
  type RunContextOptions,
} from 'heirline';
import { errorOf, gate, nextTurn, rejectionOf, resultOf } from './support/harness.js';
import type { CarrierReport, CarrierTask } from './support/carrier-worker.js';
import { rootChild, rootNode } from './support/small-graphs.js';

const workerFile = new URL('./support/carrier-worker.ts', import.meta.url).href;
const all = { A: 'the value of a', B: 'the value of b', C: 'the value of c' };
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** Works in a thread of its own, with what this thread sends. */
function inWorker(carrier: RunCarrier, more: Partial<CarrierTask> = {}): Promise<CarrierReport> {
  const workerData: CarrierTask = { carrier, secrets: all, names: [], tokens: 0, endless: false, ...more };
  return new Promise((resolve, reject) => {
    // On Node 20 `--import` does nothing in a thread: it registers what reads TypeScript itself.
    const worker = new Worker(
      `import('tsx/esm/api').then(({ register }) => { register(); return import('${workerFile}'); })`,
      { eval: true, workerData, execArgv: ['--conditions=@heirline/source'] },
    );
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the worker said nothing')));
  });
}

/** The carrier that a node of a composite’s child makes. */
async function carrierOf(
  run: RunContextOptions = {},
  prepare: (context: PipelineContext) => unknown = () => undefined,
  options: ItemCompositeOptions<number> = {},
): Promise<RunCarrier> {
  const made: RunCarrier[] = [];
  await runPipeline(
    rootChild(async (context) => {
      await prepare(context);
      made.push(context.run.toCarrier());
    }, options),
    { run },
  );
  const [carrier] = made;
  if (carrier === undefined) throw new TypeError('no carrier was made');
  return carrier;
}

const readA = async ({ run }: PipelineContext): Promise<void> => {
  await run.secrets.get('A');
};

describe('a run goes on in a worker thread', () => {
  test('with its ids, tenant, principal, trace and deadline, as the same run', async () => {
    const deadline = new Date(Date.now() + 60_000);
    const ids = {
      ...{ runId: 'mine', threadId: 'thread', followUpToRunId: 'earlier', correlationId: 'request' },
      ...{
        traceparent,
        tracestate: 'rojo=1',
        tenantId: 'acme',
        principal: { user: { name: 'ada', roles: ['reader'] } },
      },
    };
    const report = await inWorker(await carrierOf({ ...ids, deadline }));

    expect(report).toMatchObject({
      ids: { ...ids, rootRunId: 'mine', parentRunId: undefined },
      deadline: deadline.getTime(),
      left: Infinity,
      end: { status: 'succeeded', runId: 'mine' },
    });
  });

  test('with the ids that a child has of its own', async () => {
    const options = { contextConfiguration: { inheritRunIdentity: false } };
    const carrier = await carrierOf({ runId: 'outer', correlationId: 'request' }, undefined, options);
    const report = await inWorker(carrier);

    expect(carrier.runId).not.toBe('outer');
    expect(report.ids).toMatchObject({
      ...{ runId: carrier.runId, parentRunId: 'outer', rootRunId: 'outer', correlationId: 'request' },
    });
  });

  test('with the secrets asked for so far, and no others, from a provider of its own', async () => {
    const carrier = await carrierOf({ secrets: mapSecrets(all) }, readA);
    const report = await inWorker(carrier, {
      names: ['A', 'B'],
      secrets: { A: 'another a', B: 'another b' },
    });

    expect(carrier.secrets).toEqual(['A']);
    expect(report.secrets).toEqual(['another a', 'SECRET_NOT_FOUND']);
  });

  test('with the narrowed list, where a composite narrows', async () => {
    const options = { secrets: ['A', 'B'] };
    const carrier = await carrierOf({ secrets: mapSecrets(all) }, readA, options);
    const report = await inWorker(carrier, { names: ['A', 'B', 'C'] });

    expect([...carrier.secrets].sort()).toEqual(['A', 'B']);
    expect(report.secrets).toEqual([all.A, all.B, 'SECRET_NOT_FOUND']);
  });

  test('with what is left of its budget, which ends it there', async () => {
    const run = { budget: { tokens: 100 } };
    const carrier = await carrierOf(run, (context) => {
      context.run.cost.record({ callId: 'a', model: 'm', inputTokens: 30, outputTokens: 0 });
      context.run.budget.reserve({ tokens: 20 });
    });
    const [exact, over] = await Promise.all([
      inWorker(carrier, { tokens: 50 }),
      inWorker(carrier, { tokens: 51 }),
    ]);

    expect(carrier.budget).toEqual({ tokens: 50 });
    expect(exact).toMatchObject({ left: 50, end: { status: 'succeeded' } });
    expect(over).toMatchObject({ left: 50, end: { code: 'BUDGET_EXCEEDED', status: 'cancelled' } });
  });

  test('until its deadline, which ends it there', async () => {
    const report = await inWorker(await carrierOf({ timeoutMs: 4_000 }), { endless: true });

    expect(report).toMatchObject({
      started: true,
      end: { code: 'RUN_CANCELLED', kind: 'deadline', status: 'cancelled' },
    });
  });

  test('not at all where the deadline is over: the context is restored, and the run rejects before anything starts', async () => {
    const carrier = { ...(await carrierOf()), deadline: new Date(Date.now() - 1_000).toISOString() };
    const restored = RunContext.fromCarrier(carrier, {});
    const report = await inWorker(carrier);

    expect(restored.deadline?.toISOString()).toBe(carrier.deadline);
    expect(report).toMatchObject({ started: false, end: { code: 'RUN_CANCELLED', kind: 'deadline' } });
  });
});

describe('a carrier', () => {
  test('is plain data of version 1: it survives JSON and structured clones, and restores to the same', async () => {
    const run = { tenantId: 'acme', timeoutMs: 60_000, budget: { calls: 3 }, secrets: mapSecrets(all) };
    const carrier = await carrierOf(run, readA);
    const host: CarrierHost = { secrets: mapSecrets(all) };

    expect(carrier.version).toBe(1);
    for (const copy of [JSON.parse(JSON.stringify(carrier)) as RunCarrier, structuredClone(carrier)]) {
      expect(copy).toEqual(carrier);
      expect(RunContext.fromCarrier(copy, host).toCarrier()).toEqual(carrier);
    }
  });

  test('holds no value of a secret, wherever the run has met it', async () => {
    const carrier = await carrierOf(
      {
        secrets: mapSecrets({ ...all, NESTED: 'yet another value' }),
        session: createSession({ a: all.A }),
        cost: new CostLedger(),
      },
      async ({ run, parameters }) => {
        for (const name of ['A', 'B', 'NESTED']) await run.secrets.get(name);
        parameters.set('a', all.A);
        run.session.set('b', all.B);
        run.cost.record({ callId: all.A, model: all.B, inputTokens: 1, outputTokens: 0 });
      },
    );

    expect([...carrier.secrets].sort()).toEqual(['A', 'B', 'NESTED']);
    expect(serialize(carrier).toString('latin1')).not.toContain('value');
    expect(
      Object.keys(carrier).filter((name) => ['cost', 'session', 'signal', 'logger'].includes(name)),
    ).toEqual([]);
  });

  test('holds the principal only if it is plain data', async () => {
    class User {
      readonly name = 'ada';
    }
    const carried = async (principal: Record<string, unknown>): Promise<unknown> =>
      (await carrierOf({ principal })).principal;

    expect(await carried({ user: { name: 'ada', tags: ['a', 1, true, null] } })).toEqual({
      user: { name: 'ada', tags: ['a', 1, true, null] },
    });
    for (const value of [new User(), () => 1, Symbol('s'), new Map(), new Date()])
      expect(await carried({ name: 'ada', value })).toBeUndefined();
  });

  test('holds the deadline of the nearest scope', async () => {
    const carrier = await carrierOf({ timeoutMs: 600_000 }, undefined, { timeoutMs: 5_000 });

    expect(Date.parse(carrier.deadline ?? '')).toBeLessThan(Date.now() + 6_000);
  });

  test('leaves the run that it was made in alone', async () => {
    const result = await runPipeline(
      rootChild(({ run }) => {
        const before = JSON.stringify(run);
        run.toCarrier();
        expect(JSON.stringify(run)).toBe(before);
      }),
    );

    expect(result.status).toBe('succeeded');
  });
});

describe('what is no carrier is CARRIER_INVALID', () => {
  test.each<[string, (good: RunCarrier) => unknown, string[]]>([
    ['another version', (good) => ({ ...good, version: 2 }), ['2']],
    ['no version', ({ version: _version, ...rest }) => rest, ['version']],
    ['nothing', () => undefined, []],
    ['a text', (good) => JSON.stringify(good), []],
    ['a list', (good) => [good], []],
    ['missing ids', ({ runId: _run, correlationId: _id, ...rest }) => rest, ['runId', 'correlationId']],
    [
      'wrong values, all named at once',
      (good) => ({ ...good, runId: 7, tenantId: {}, deadline: 'soon', secrets: [1], budget: { tokens: -1 } }),
      ['runId', 'tenantId', 'deadline', 'secrets', 'budget'],
    ],
  ])('%s', async (_title, spoil, named) => {
    const error = errorOf(() => RunContext.fromCarrier(spoil(good) as RunCarrier, {}));

    expect(error.code).toBe('CARRIER_INVALID');
    for (const name of named) expect(error.message).toContain(name);
  });

  const good: RunCarrier = { version: 1, runId: 'r', rootRunId: 'r', correlationId: 'c', secrets: [] };

  test('that of another tenant than is expected, or of none', () => {
    const restore = (tenantId: string | undefined, expectTenantId: string): RunContext =>
      RunContext.fromCarrier(tenantId === undefined ? good : { ...good, tenantId }, { expectTenantId });

    expect(restore('acme', 'acme').tenantId).toBe('acme');
    for (const tenantId of ['other', undefined]) {
      const error = errorOf(() => restore(tenantId, 'acme'));
      expect([error.code, error.message.includes('acme')]).toEqual(['CARRIER_INVALID', true]);
    }
  });

  test('while a wrong host is OPTION_INVALID', () => {
    for (const host of [{ secrets: 1 }, { tenantId: 'acme' }, { signal: 'no' }, { session: {} }])
      expect(errorOf(() => RunContext.fromCarrier(good, host as never)).code).toBe('OPTION_INVALID');
  });
});

describe('a restored run', () => {
  const good: RunCarrier = { version: 1, runId: 'r', rootRunId: 'r', correlationId: 'c', secrets: [] };

  test('uses the provider, the ledger, the session and the signal of its host', async () => {
    const host = { cost: new CostLedger(), session: createSession({ a: 1 }), secrets: mapSecrets(all) };
    const controller = new AbortController();
    const run = RunContext.fromCarrier({ ...good, secrets: ['A'] }, { ...host, signal: controller.signal });
    await runPipeline(
      rootNode(async (context) => {
        expect((await context.run.secrets.get('A')).reveal()).toBe(all.A);
        context.run.session.set('a', 2);
        context.run.cost.record({ callId: 'x', model: 'm', inputTokens: 1, outputTokens: 0 });
      }),
      { run },
    );
    const started = gate();
    const waiting = rejectionOf(
      runPipeline(
        rootNode(async ({ signal }) => {
          started.open();
          while (!signal.aborted) await nextTurn();
        }),
        { run },
      ),
    );
    await started.opened;
    controller.abort({ kind: 'shutdown' });

    expect(await waiting).toMatchObject({ code: 'RUN_CANCELLED', kind: 'shutdown' });
    expect([host.session.get('a'), host.cost.entries.length]).toEqual([2, 1]);
  });

  test('may serve a script: `withContext` has its ids', async () => {
    const run = RunContext.fromCarrier({ ...good, tenantId: 'acme' }, {});
    const seen = await withContext({ run }, async () => {
      await nextTurn();
      const result = await runPipeline(
        rootNode(() => undefined),
        { run },
      );
      return [
        result.runId,
        resultOf(await rejectionOf(runPipeline(rootNode(({ run: own }) => own.cancel())))).runId,
      ];
    });

    expect(seen[0]).toBe('r');
    expect(seen[1]).not.toBe('r');
  });
});
