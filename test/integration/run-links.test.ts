import { describe, expect, test } from 'vitest';
import {
  CompositeContextConfiguration,
  CostLedger,
  createSession,
  currentContext,
  mapSecrets,
  runDetached,
  runPipeline,
  type PipelineError,
  withContext,
  type RunContext,
} from 'heirline';
import { aborted, gate, rejectionOf, resultOf } from './support/harness.js';
import { childAround, childNode, rootAround, rootChild, rootNode } from './support/small-graphs.js';

const call = { model: 'm', inputTokens: 1, outputTokens: 0 };

describe('a run that is given `context.run` joins that run', () => {
  test('it has the same ids, tenant, principal, secrets, session, budget and ledger', async () => {
    const session = createSession({ visits: 1 });
    let asked = 0;
    const shown = ({ run }: { run: RunContext }) => ({
      ids: [run.runId, run.rootRunId, run.parentRunId, run.correlationId, run.threadId, run.tenantId],
      principal: run.principal,
      visits: run.session.get('visits'),
      left: run.budget.remaining('tokens'),
      calls: run.cost.entries.map(({ callId }) => callId),
      deadline: run.deadline,
    });
    const result = await runPipeline(
      rootNode(async (context) => {
        context.run.session.set('visits', 2);
        context.run.cost.record({ callId: 'outer', ...call });
        await context.run.secrets.get('API_KEY');
        const outer = shown(context);
        const joined = await runPipeline(
          rootNode(async (inner) => {
            expect(shown(inner)).toEqual(outer);
            await inner.run.secrets.get('API_KEY');
            inner.run.session.set('visits', 3);
            inner.run.cost.record({ callId: 'inner', ...call });
          }),
          { run: context.run },
        );
        expect(joined.runId).toBe(context.runId);
        expect(context.run.session.get('visits')).toBe(3);
        expect(context.run.budget.remaining('tokens')).toBe(8);
      }),
      {
        run: {
          runId: 'outer',
          correlationId: 'request',
          threadId: 'thread',
          tenantId: 'acme',
          principal: { user: 'ada' },
          timeoutMs: 60_000,
          budget: { tokens: 10 },
          session,
          secrets: {
            resolve: (name) => {
              asked += 1;
              return mapSecrets({ API_KEY: 'the value' }).resolve(name);
            },
          },
        },
      },
    );

    expect(result.cost).toMatchObject([{ inputTokens: 2, calls: 2 }]);
    expect(session.get('visits')).toBe(3);
    expect(asked).toBe(1);
  });

  describe('what it spends counts for the outer budget', () => {
    const overspend = async (): Promise<{ outer: PipelineError; inner: PipelineError }> => {
      let inner: PipelineError | undefined;
      const spend = rootNode(({ run }) => run.cost.record({ callId: 'a', ...call, inputTokens: 11 }));
      const outer = await rejectionOf(
        runPipeline(
          rootNode(async (context) => {
            inner = await rejectionOf(runPipeline(spend, { run: context.run }));
          }),
          { run: { budget: { tokens: 10 } } },
        ),
      );
      if (inner === undefined) throw new TypeError('the inner run was not ended');
      return { outer, inner };
    };

    test('which ends the outer run', async () => {
      const { outer, inner } = await overspend();
      const budget = { kind: 'tokens', limit: 10, spent: 11, path: 'root' };

      expect(outer).toMatchObject({ code: 'BUDGET_EXCEEDED', budget });
      expect([outer, inner].map((error) => resultOf(error).status)).toEqual(['cancelled', 'cancelled']);
    });

    test('which ends the run that joined too, as BUDGET_EXCEEDED', async () => {
      const { inner } = await overspend();

      expect(inner).toMatchObject({ code: 'BUDGET_EXCEEDED', reason: { kind: 'budget' } });
    });
  });

  test('its failure fails nobody else, and keeps what it wrote to the session for the outer run to decide', async () => {
    const session = createSession();
    const result = await runPipeline(
      rootNode(async (context) => {
        await rejectionOf(
          runPipeline(
            rootNode(() => {
              throw new RangeError('no');
            }),
            { run: context.run },
          ),
        );
        context.run.session.set('survived', true);
      }),
      { run: { session } },
    );

    expect(result.status).toBe('succeeded');
    expect(session.toObject()).toEqual({ survived: true });
  });

  test('it is cancelled with the run', async () => {
    const started = gate();
    let inner: unknown;
    const error = await rejectionOf(
      runPipeline(
        rootNode(async (context) => {
          void started.opened.then(() => context.run.cancel({ kind: 'shutdown' }));
          const waiting = rootNode(({ signal }) => {
            started.open();
            return aborted(signal);
          });
          inner = await rejectionOf(runPipeline(waiting, { run: context.run }));
        }),
      ),
    );

    expect([error, inner]).toMatchObject([{ kind: 'shutdown' }, { code: 'RUN_CANCELLED', kind: 'shutdown' }]);
  });
});

describe('runDetached', () => {
  test('cuts the link: what it starts is a root of its own, is not cancelled with the run, and has no deadline', async () => {
    const started = gate();
    const ended = gate();
    let detached: Promise<unknown> | undefined;
    const seen: unknown[] = [];
    await rejectionOf(
      runPipeline(
        rootNode(async (context) => {
          detached = runDetached(() =>
            runPipeline(
              rootNode(async ({ run, signal }) => {
                started.open();
                await ended.opened;
                seen.push(run.parentRunId, run.rootRunId === run.runId, run.correlationId === 'request');
                seen.push(run.deadline, signal.aborted);
              }),
            ),
          );
          await started.opened;
          context.run.cancel();
        }),
        { run: { correlationId: 'request', timeoutMs: 60_000 } },
      ),
    );
    ended.open();
    await detached;

    expect(seen).toEqual([undefined, true, false, undefined, false]);
  });

  test('gives what the function gives, and rejects with what it throws', async () => {
    await withContext({}, async () => {
      expect(await runDetached(() => currentContext())).toBeUndefined();
      const failure = new RangeError('no');
      await expect(
        runDetached(() => {
          throw failure;
        }),
      ).rejects.toBe(failure);
      expect(currentContext()).toBeDefined();
    });
  });
});

describe('a child that does not inherit the run identity', () => {
  for (const [title, contextConfiguration] of [
    ['by its option', { inheritRunIdentity: false }],
    ['as isolated', CompositeContextConfiguration.isolated],
  ] as const) {
    test(`is a linked run with a new id for each item, ${title}`, async () => {
      const seen: unknown[][] = [];
      const result = await runPipeline(
        rootAround(
          childNode(({ run, runId }) =>
            seen.push([run.runId === runId, runId, run.parentRunId, run.rootRunId, run.correlationId]),
          ),
          { contextConfiguration },
          [1, 2],
        ),
        { run: { runId: 'outer', correlationId: 'request' } },
      );

      const ids = seen.map(([, id]) => id);
      expect(new Set([...ids, result.runId]).size).toBe(3);
      expect(seen).toEqual(ids.map((id) => [true, id, 'outer', 'outer', 'request']));
    });
  }

  test('is linked level by level', async () => {
    const seen: (string | undefined)[] = [];
    const contextConfiguration = { inheritRunIdentity: false };
    const inner = childNode(({ run }) => seen.push(run.parentRunId, run.rootRunId));
    const middle = childAround(inner, { contextConfiguration });
    await runPipeline(rootAround(middle, { contextConfiguration }), { run: { runId: 'outer' } });

    expect(seen[0]).not.toBe('outer');
    expect(seen[1]).toBe('outer');
  });

  test('still has the tenant, the principal, the secrets, the budget, the session, the costs and the cancel of its run', async () => {
    const session = createSession({ a: 1 });
    const cost = new CostLedger();
    const error = await rejectionOf(
      runPipeline(
        rootChild(
          async ({ run, signal }) => {
            expect(run).toMatchObject({ tenantId: 'acme', principal: { user: 'ada' }, threadId: 'thread' });
            expect((await run.secrets.get('API_KEY')).reveal()).toBe('the value');
            run.cost.record({ callId: 'in the child', ...call });
            expect([run.session.get('a'), run.budget.remaining('tokens')]).toEqual([1, 9]);
            run.cancel({ kind: 'shutdown' });
            expect(signal.aborted).toBe(true);
          },
          { contextConfiguration: CompositeContextConfiguration.isolated },
        ),
        {
          run: {
            tenantId: 'acme',
            principal: { user: 'ada' },
            threadId: 'thread',
            secrets: mapSecrets({ API_KEY: 'the value' }),
            budget: { tokens: 10 },
            session,
            cost,
          },
        },
      ),
    );

    expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'shutdown' });
    expect(resultOf(error).cost).toMatchObject([{ calls: 1, inputTokens: 1 }]);
    expect(cost.entries).toMatchObject([{ callId: 'in the child', path: 'root/child/node' }]);
  });
});
