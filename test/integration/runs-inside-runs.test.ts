import { describe, expect, test } from 'vitest';
import {
  CostLedger,
  createSession,
  errorPolicy,
  mapSecrets,
  PipelineRunner,
  runPipeline,
  type RunContext,
  type RunResult,
} from 'heirline';
import { aborted, gate, rejectionOf, resultOf } from './support/harness.js';
import { childNode, rootChild, rootNode, seenBy } from './support/small-graphs.js';

/** What a run says of itself at one place. */
function idsOf({ runId, parentRunId, rootRunId, correlationId }: RunContext) {
  return { runId, parentRunId, rootRunId, correlationId };
}

describe('a run that a node starts', () => {
  test('is linked to it: parent, root and correlation id, over three levels', async () => {
    const seen: Record<string, ReturnType<typeof idsOf>> = {};
    const Leaf = rootNode(({ run }) => (seen['leaf'] = idsOf(run)));
    const Middle = rootChild(async ({ run }) => {
      seen['middle'] = idsOf(run);
      await runPipeline(Leaf);
    });
    const Top = rootNode(async ({ run }) => {
      seen['top'] = idsOf(run);
      await new PipelineRunner().run(Middle);
    });

    await runPipeline(Top, { run: { runId: 'top', correlationId: 'request' } });

    const middle = seen['middle']?.runId;
    expect(new Set([middle, seen['leaf']?.runId, 'top']).size).toBe(3);
    expect(seen).toEqual({
      top: { runId: 'top', parentRunId: undefined, rootRunId: 'top', correlationId: 'request' },
      middle: { runId: middle, parentRunId: 'top', rootRunId: 'top', correlationId: 'request' },
      leaf: {
        runId: seen['leaf']?.runId,
        parentRunId: middle,
        rootRunId: 'top',
        correlationId: 'request',
      },
    });
  });

  test('may have a run id and a correlation id of its own, and stays linked', async () => {
    const seen = await seenBy(
      () => seenBy(({ run }) => idsOf(run), { run: { runId: 'inner', correlationId: 'own' } }),
      { run: { runId: 'outer', correlationId: 'request' } },
    );

    expect(seen).toEqual({
      runId: 'inner',
      parentRunId: 'outer',
      rootRunId: 'outer',
      correlationId: 'own',
    });
  });

  test('by runItem and stream too', async () => {
    const seen: (string | undefined)[] = [];
    const Child = childNode(({ run }) => seen.push(run.parentRunId));
    await runPipeline(
      rootNode(async () => {
        await new PipelineRunner().runItem(Child, 1);
        const outputs = new PipelineRunner().stream(Child, [1, 2]);
        for await (const item of outputs) expect(item).toBeGreaterThan(0);
      }),
      { run: { runId: 'outer' } },
    );

    expect(seen).toEqual(['outer', 'outer', 'outer']);
  });

  test('is cancelled with it, for the same reason', async () => {
    const started = gate();
    const reasons: unknown[] = [];
    const Inner = rootNode(async ({ run, signal }) => {
      started.open();
      await aborted(signal);
      reasons.push([signal.reason, run.signal.aborted]);
    });
    const inner: { code?: string; status?: string } = {};
    const outer = rejectionOf(
      runPipeline(
        rootNode(async (context) => {
          void started.opened.then(() => context.run.cancel({ kind: 'superseded', message: 'a newer one' }));
          const error = await rejectionOf(runPipeline(Inner));
          Object.assign(inner, { code: error.code, status: resultOf(error).status });
        }),
      ),
    );

    expect(await outer).toMatchObject({ code: 'RUN_CANCELLED', kind: 'superseded' });
    expect(inner).toEqual({ code: 'RUN_CANCELLED', status: 'cancelled' });
    expect(reasons).toMatchObject([[{ name: 'AbortError', kind: 'superseded' }, true]]);
  });

  test('never starts where the outer one was cancelled before', async () => {
    const started: string[] = [];
    const codes: string[] = [];
    await rejectionOf(
      runPipeline(
        rootNode(async (context) => {
          context.run.cancel();
          codes.push((await rejectionOf(runPipeline(rootNode(() => started.push('inner'))))).code);
        }),
      ),
    );

    expect({ started, codes }).toEqual({ started: [], codes: ['RUN_CANCELLED'] });
  });

  test('leaves the outer one alone when it is cancelled or fails itself', async () => {
    const result = await runPipeline(
      rootNode(async ({ signal }) => {
        await rejectionOf(runPipeline(rootNode(({ run }) => run.cancel({ kind: 'shutdown' }))));
        expect(signal.aborted).toBe(false);
      }),
    );

    expect(result.status).toBe('succeeded');
  });

  test('never outlasts its deadline, and may have an earlier one', async () => {
    const deadlines: (number | undefined)[] = [];
    const Inner = rootNode(({ run }) => deadlines.push(run.deadline?.getTime()));
    await runPipeline(
      rootNode(async ({ run }) => {
        deadlines.push(run.deadline?.getTime());
        await runPipeline(Inner);
        await runPipeline(Inner, { run: { timeoutMs: 3_600_000 } });
        await runPipeline(Inner, { run: { deadline: new Date(Date.now() + 1_000) } });
      }),
      { run: { timeoutMs: 60_000 } },
    );

    const [outer = 0, plain, later, earlier = Infinity] = deadlines;
    expect(outer).toBeGreaterThan(Date.now());
    expect([plain, later]).toEqual([outer, outer]);
    expect(earlier).toBeLessThan(outer);
  });

  test('from a composite with a limit ends with that: the limit is its deadline, too', async () => {
    const seen: unknown[] = [];
    const Inner = rootNode(async ({ run, signal }) => {
      seen.push((run.deadline?.getTime() ?? Infinity) <= Date.now() + 30);
      await aborted(signal);
    });
    const result = await runPipeline(
      rootChild(
        async () => {
          const { code } = await rejectionOf(runPipeline(Inner));
          seen.push(code);
        },
        { timeoutMs: 30, errorPolicy: errorPolicy('skip') },
      ),
    );

    expect(result.status).toBe('succeeded');
    expect(seen).toEqual([true, 'RUN_CANCELLED']);
  });

  test('from a cancellable composite’s child is cancelled with that child', async () => {
    const codes: string[] = [];
    await runPipeline(
      rootChild(
        async (context) => {
          const Inner = rootNode(({ signal }) => {
            context.cancel({ kind: 'superseded' });
            return aborted(signal);
          });
          codes.push((await rejectionOf(runPipeline(Inner))).code);
        },
        { cancellable: true, errorPolicy: errorPolicy('skip') },
      ),
    );

    expect(codes).toEqual(['RUN_CANCELLED']);
  });

  test('acts for the same tenant and principal with the same secrets; takes neither budget, cost, session nor dictionaries', async () => {
    const cost = new CostLedger();
    const session = createSession({ topic: 'outer' });
    let inner: RunResult | undefined;
    const Inner = rootNode(async (context) => {
      const { run } = context;
      run.cost.record({ callId: 'inner', model: 'm', inputTokens: 50, outputTokens: 0 });
      run.session.set('topic', 'inner');
      expect({
        tenant: run.tenantId,
        principal: run.principal,
        thread: run.threadId,
        limits: run.budget.limits,
        left: run.budget.remaining('tokens'),
        parameters: context.parameters.size + context.items.size + context.properties.size,
        secret: (await run.secrets.get('OUTER_ONLY')).reveal(),
        audit: run.secrets.audit().map(({ path }) => path),
        entries: run.cost.entries.map(({ callId }) => callId),
      }).toEqual({
        ...{ tenant: 'acme', principal: { user: 'ada' }, thread: undefined, limits: {}, left: Infinity },
        ...{
          parameters: 0,
          secret: 'the outer value',
          audit: ['root/node', 'root/node'],
          entries: ['inner'],
        },
      });
    });
    const result = await runPipeline(
      rootNode(async ({ run }) => {
        await run.secrets.get('OUTER_ONLY');
        run.cost.record({ callId: 'outer', model: 'm', inputTokens: 5, outputTokens: 0 });
        inner = await runPipeline(Inner);
      }),
      {
        parameters: { a: 1 },
        items: { b: 2 },
        properties: { c: 3 },
        run: {
          tenantId: 'acme',
          principal: { user: 'ada' },
          threadId: 'thread',
          secrets: mapSecrets({ OUTER_ONLY: 'the outer value' }),
          budget: { tokens: 10 },
          cost,
          session,
        },
      },
    );

    expect(inner?.cost.map(({ inputTokens }) => inputTokens)).toEqual([50]);
    expect(result.cost.map(({ inputTokens }) => inputTokens)).toEqual([5]);
    expect(cost.entries.map(({ callId }) => callId)).toEqual(['outer']);
    expect(session.toObject()).toEqual({ topic: 'outer' });
  });
});
