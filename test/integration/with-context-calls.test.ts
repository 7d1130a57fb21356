import { describe, expect, test } from 'vitest';
import {
  captureContext,
  contextKey,
  CostLedger,
  createSession,
  currentContext,
  mapSecrets,
  PipelineContext,
  PipelineRunner,
  runPipeline,
  withContext,
} from 'heirline';
import { aborted, delay, gate, nextTurn, range, rejectionOf } from './support/harness.js';
import { childAround, childNode, rootAround, rootNode, seenBy } from './support/small-graphs.js';

describe('two calls of withContext on one object at once', () => {
  test('never close each other’s resources', async () => {
    const app = new PipelineContext();
    const closed: string[] = [];
    const bothOpen = gate();
    const late = gate();
    const call = (name: string, end: Promise<void>) =>
      withContext(app, async (context) => {
        context.onDispose(() => closed.push(name));
        await end;
        return [...closed];
      });
    // The one that began first ends first.
    const first = call('first', bothOpen.opened);
    const second = call('second', late.opened);
    bothOpen.open();
    await first;
    expect(closed).toEqual(['first']);
    late.open();

    expect(await second).toEqual(['first']);
    expect(closed).toEqual(['first', 'second']);
  });

  test('never lift each other’s time limit, which each has from its own start', async () => {
    const app = new PipelineContext({ run: { timeoutMs: 30 } });
    const slow = withContext(app, async ({ signal }) => {
      await aborted(signal);
      return signal.reason as unknown;
    });
    await withContext(app, () => undefined);
    await delay(10);
    const later = withContext(app, ({ run }) => run.deadline?.getTime() ?? 0);

    expect(await slow).toMatchObject({ kind: 'deadline' });
    expect(await later).toBeGreaterThan(Date.now() - 30);
  });

  test('are cancelled each for itself, and the next call is not cancelled', async () => {
    const app = new PipelineContext();
    const seen = await Promise.all(
      range(1, 4).map((number) =>
        withContext(app, async (context) => {
          if (number % 2 === 0) context.cancel();
          else if (number === 3) context.run.cancel();
          await nextTurn();
          return context.signal.aborted;
        }),
      ),
    );

    expect(seen).toEqual([false, true, true, true]);
    expect(await withContext(app, ({ signal }) => signal.aborted)).toBe(false);
    expect(app.signal.aborted).toBe(false);
  });

  test('never read what the other sets, in any dictionary, nor does the object keep it', async () => {
    const Local = contextKey<number>('local', { local: true });
    const app = new PipelineContext({ parameters: { shared: 0 } });
    const seen = await Promise.all(
      range(1, 50).map((number) =>
        withContext(app, async (context) => {
          context.parameters.set('shared', number).set(Local, number);
          context.items.set('own', number);
          context.properties.set('own', number);
          await nextTurn();
          const { parameters, items, properties } = currentContext() ?? context;
          return [parameters.get('shared'), parameters.get(Local), items.get('own'), properties.get('own')];
        }),
      ),
    );

    expect(seen).toEqual(range(1, 50).map((number) => [number, number, number, number]));
    expect([app.parameters.toObject(), app.items.size, app.properties.size]).toEqual([{ shared: 0 }, 0, 0]);
  });

  test('have run ids, costs and budgets of their own, unless a run id is named', async () => {
    const cost = new CostLedger();
    const app = new PipelineContext({ run: { cost, budget: { tokens: 10 } } });
    const call = { callId: 'a', model: 'm', inputTokens: 8, outputTokens: 0 };
    const ids = await Promise.all(
      range(1, 2).map(() =>
        withContext(app, ({ run }) => {
          run.cost.record(call);
          return run.runId;
        }),
      ),
    );
    const named = new PipelineContext({ run: { runId: 'job' } });

    expect(new Set(ids).size).toBe(2);
    expect(cost.entries).toHaveLength(2);
    expect(await withContext(named, ({ runId }) => runId)).toBe('job');
  });

  test('end with the call: what is cancelled afterwards reaches nobody, and listeners of signals are gone', async () => {
    const caller = new AbortController();
    const app = new PipelineContext({ signal: caller.signal });
    const kept = await withContext(app, (context) => [context]);
    caller.abort();
    kept[0]?.cancel();

    expect(kept[0]?.signal.aborted).toBe(false);
  });

  test('announce a cancel each in its own context', async () => {
    const app = new PipelineContext();
    const seen = await withContext(app, async (context) => {
      const heard: boolean[] = [];
      context.signal.addEventListener('abort', () => heard.push(currentContext() === context));
      await withContext(app, () => {
        context.cancel();
      });
      return heard;
    });

    expect(seen).toEqual([true]);
  });
});

describe('a call of withContext with the context of a run', () => {
  const options = {
    parameters: { a: 1 },
    run: { runId: 'outer', tenantId: 'acme', secrets: mapSecrets({ K: 'k' }), session: createSession() },
  };

  test('keeps that run: its ids, tenant, secrets, session and costs, and the place in it, also at depth 2', async () => {
    const seen: unknown[] = [];
    const result = await runPipeline(
      rootAround(
        childAround(
          childNode((node) =>
            withContext(node, async (context) => {
              const { run } = context;
              run.cost.record({ callId: 'a', model: 'm', inputTokens: 1, outputTokens: 0 });
              run.session.set('seen', true);
              seen.push(run.runId, run.tenantId, (await run.secrets.get('K')).reveal());
              seen.push(context.path, context.currentNodeId, context.pipelineId === node.pipelineId);
              seen.push(context.parent?.nodeId, context.parameters.get('a'));
              seen.push(context.explain('a').hops.map(({ action }) => action));
            }),
          ),
          { contextConfiguration: { inheritParentParameters: true } },
        ),
        { contextConfiguration: { inheritParentParameters: true } },
      ),
      options,
    );

    expect(seen).toEqual([
      ...['outer', 'acme', 'k', 'root/child/inner', 'node', true, 'inner', 1],
      ['set', 'inherited', 'inherited'],
    ]);
    expect(result.context.run.cost.total('path')).toMatchObject([{ key: 'root/child/inner/node' }]);
    expect(options.run.session.toObject()).toEqual({ seen: true });
  });

  test('is cancelled with that run, and cancels only itself unless it means the run', async () => {
    const seen: unknown[] = [];
    const error = await rejectionOf(
      runPipeline(
        rootNode(async (node) => {
          await withContext(node, (context) => {
            context.cancel();
            seen.push(context.signal.aborted, node.signal.aborted);
          });
          await withContext(node, (context) => {
            context.run.cancel({ kind: 'superseded' });
            seen.push(context.signal.aborted, node.signal.aborted);
          });
        }),
      ),
    );

    expect(seen).toEqual([true, false, true, true]);
    expect(error).toMatchObject({ kind: 'superseded' });
  });

  test('disposes at its own end, and what it sets ends with it', async () => {
    const seen = await seenBy(async (node) => {
      const called: string[] = [];
      await withContext(node, (context) => {
        context.onDispose(() => called.push('disposed'));
        context.parameters.set('a', 2).set('b', 3);
      });
      return [called, node.parameters.toObject()];
    }, options);

    expect(seen).toEqual([['disposed'], { a: 1 }]);
  });

  test('of a captured one ends with what it was captured for, and two calls at once never meet', async () => {
    const seen = await seenBy(async () => {
      const { context: captured } = captureContext();
      if (captured === undefined) throw new TypeError('nothing was captured');
      const flags = await Promise.all(
        [true, false].map((cancels) =>
          withContext(captured, async ({ run, signal }) => {
            if (cancels) run.cancel();
            await nextTurn();
            return signal.aborted;
          }),
        ),
      );
      const late = withContext(captured, async ({ signal }) => {
        await aborted(signal);
        return signal.aborted;
      });
      const isEnded = captured.signal.aborted;
      captured.cancel();
      return [...flags, isEnded, await late];
    });

    expect(seen).toEqual([true, false, false, true]);
  });

  test('works with the context of a run that has ended, and of a captured one', async () => {
    const captured: PipelineContext[] = [];
    const { context: ended } = await runPipeline(
      rootNode(() => {
        captured.push(captureContext().context ?? new PipelineContext());
      }),
      options,
    );
    for (const given of [ended, ...captured]) {
      const seen = await withContext(given, async (context) => {
        const isDone: boolean[] = [];
        context.onDispose(() => undefined);
        await new PipelineRunner().run(rootNode(({ run }) => isDone.push(run.tenantId === 'acme')));
        context.run.cancel();
        return [context.runId, context.run.tenantId, ...isDone, context.signal.aborted];
      });
      expect(seen).toEqual(['outer', 'acme', true, true]);
    }
  });
});
