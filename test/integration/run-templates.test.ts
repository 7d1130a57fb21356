import { describe, expect, test } from 'vitest';
import {
  CostLedger,
  createSession,
  mapSecrets,
  PipelineContext,
  PipelineRunner,
  Secret,
  type RunContext,
} from 'heirline';
import { delay, nextTurn, range, rejectionOf, resultOf } from './support/harness.js';
import { childNode, rootAround, rootChild, rootNode } from './support/small-graphs.js';

const call = { model: 'm', inputTokens: 1, outputTokens: 0 };

describe('one template serves many runs, one after the other and at once', () => {
  test('each with a budget of its own', async () => {
    const template = new PipelineContext({ run: { budget: { tokens: 10 } } });
    const runner = new PipelineRunner();
    const Root = rootChild(
      async ({ run }, item) => {
        await nextTurn();
        run.cost.record({ callId: String(item), ...call });
      },
      { concurrency: 3 },
      range(1, 10),
    );
    await runner.run(Root, template);
    const results = await Promise.all(range(1, 20).map(() => runner.run(Root, template)));

    expect(results.map(({ cost }) => cost[0]?.inputTokens)).toEqual(range(1, 20).map(() => 10));
    expect(template.run.budget.remaining('tokens')).toBe(10);
    expect(template.run.cost.entries).toEqual([]);
  });

  test('each with its time counted from its own start', async () => {
    const template = new PipelineContext({ run: { timeoutMs: 400 } });
    const runner = new PipelineRunner();
    await delay(450);
    const deadlines: number[] = [];
    const Root = rootNode(({ run }) => deadlines.push(run.deadline?.getTime() ?? 0));
    await runner.run(Root, template);
    await delay(20);
    await runner.run(Root, template);

    expect(deadlines[1]).toBeGreaterThan(deadlines[0] ?? Infinity);
  });

  test('each with secrets read, and audited, anew', async () => {
    let asked = 0;
    const secrets = { resolve: () => Secret.of(`value ${String((asked += 1))}`) };
    const template = new PipelineContext({ run: { secrets } });
    const runner = new PipelineRunner();
    const seen: unknown[] = [];
    const Root = rootNode(async ({ run }) => {
      await run.secrets.get('A');
      seen.push(run.secrets.audit().length);
    });
    await Promise.all(range(1, 5).map(() => runner.run(Root, template)));

    expect({ asked, seen }).toEqual({ asked: 5, seen: [1, 1, 1, 1, 1] });
  });

  test('a cancelled one does not touch its neighbours, nor the template', async () => {
    const template = new PipelineContext({ run: { tenantId: 'acme' } });
    const runner = new PipelineRunner();
    const Root = rootChild(async (context, item) => {
      await nextTurn();
      if (context.parameters.get('cancel') === item) context.run.cancel();
    });
    const cancelling = rootNode(({ run }) => run.cancel());
    const [, ...results] = await Promise.all([
      rejectionOf(runner.run(cancelling, template)),
      ...range(1, 5).map(() => runner.run(Root, template)),
    ]);

    expect(results.map(({ status }) => status)).toEqual(Array(5).fill('succeeded'));
    expect(template.signal.aborted).toBe(false);
  });

  test('that all share one session conflict, or follow one another', async () => {
    const session = createSession({ count: 0 });
    const template = new PipelineContext({ run: { session } });
    const Root = rootNode(({ run }) =>
      run.session.update<number>('count', (count) => count + 1).get('count'),
    );
    const runner = new PipelineRunner();
    for (let turn = 0; turn < 5; turn += 1) await runner.run(Root, template);

    expect(session.get('count')).toBe(5);
  });
});

describe('a sub-pipeline that runs alone', () => {
  const runs: RunContext[] = [];
  const Child = childNode(async ({ run }, item) => {
    runs.push(run);
    run.session.set('last', item);
    run.cost.record({ callId: String(item), ...call });
    await nextTurn();
  });

  test('has a run of its own: with `runItem` and with `stream`', async () => {
    const session = createSession();
    const cost = new CostLedger();
    const run = { tenantId: 'acme', session, cost, secrets: mapSecrets({}) };
    const runner = new PipelineRunner({ requireTenant: true });
    await runner.runItem(Child, 1, { run });
    expect(session.get('last')).toBe(1);
    const outputs = runner.stream(Child, [2, 3], { run });
    const received: number[] = [];
    for await (const item of outputs) received.push(item);
    const { cost: summary, status } = await outputs.result;

    expect([status, received, session.get('last')]).toEqual(['succeeded', [2, 3], 3]);
    expect(summary).toMatchObject([{ calls: 2 }]);
    expect(cost.entries).toHaveLength(3);
    expect(runs.map(({ tenantId }) => tenantId)).toEqual(['acme', 'acme', 'acme']);
  });

  test('is ended by its budget of items, of tokens, and by its deadline', async () => {
    const runner = new PipelineRunner();
    const streamed = async (run: object): Promise<{ code: string; status: string }> => {
      const outputs = runner.stream(Child, [1, 2, 3], { run });
      const error = await rejectionOf(
        (async () => {
          for await (const item of outputs) expect(item).toBeLessThan(3);
        })(),
      );
      expect(await rejectionOf(outputs.result)).toBe(error);
      return { code: error.code, status: resultOf(error).status };
    };

    expect(await streamed({ budget: { items: 2 } })).toEqual({
      code: 'BUDGET_EXCEEDED',
      status: 'cancelled',
    });
    expect(await streamed({ budget: { tokens: 2 } })).toEqual({
      code: 'BUDGET_EXCEEDED',
      status: 'cancelled',
    });
    expect(await streamed({ deadline: new Date(0) })).toEqual({ code: 'RUN_CANCELLED', status: 'cancelled' });
    expect((await rejectionOf(runner.runItem(Child, 1, { run: { budget: { items: 0 } } }))).code).toBe(
      'BUDGET_EXCEEDED',
    );
    expect(await runner.runItem(Child, 1, { run: { budget: { items: 1, tokens: 1 } } })).toBe(1);
  });

  test('started by a node is linked to its run, and acts for the same tenant', async () => {
    const seen: unknown[] = [];
    const Inner = childNode(({ run }) => seen.push(run.parentRunId, run.tenantId));
    await new PipelineRunner().run(
      rootAround(
        childNode(() => new PipelineRunner().runItem(Inner, 1)),
        {},
      ),
      { run: { runId: 'outer', tenantId: 'acme' } },
    );

    expect(seen).toEqual(['outer', 'acme']);
  });
});
