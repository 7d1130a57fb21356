import { describe, expect, test } from 'vitest';
import { CostLedger, errorPolicy, runPipeline, type CostCall, type CostEntry, type CostRun } from 'heirline';
import { RecordingObserver } from 'heirline/testing';
import { definePipeline, delay, gate, nextTurn, range, rejectionOf, resultOf } from './support/harness.js';
import { rootChild, rootNode } from './support/small-graphs.js';

/** A call of 10 tokens, unless told otherwise. */
const call = (callId: string, more: Partial<CostCall> = {}): CostCall => ({
  callId,
  model: 'small',
  inputTokens: 10,
  outputTokens: 0,
  ...more,
});

describe('a ledger', () => {
  test('of several runs shows all entries, and each run its own only, also under one call id', async () => {
    const cost = new CostLedger();
    const seen: number[] = [];
    const results = await Promise.all(
      range(1, 20).map((n) =>
        runPipeline(
          rootNode(async ({ run }) => {
            run.cost.record(call('same id', { inputTokens: n }));
            await delay(2);
            seen.push(run.cost.entries.length);
          }),
          { run: { cost, tenantId: String(n) } },
        ),
      ),
    );

    expect(cost.entries).toHaveLength(20);
    expect(seen).toEqual(range(1, 20).map(() => 1));
    expect(results.map((result) => result.cost[0]?.inputTokens)).toEqual(range(1, 20));
  });

  test('hands each entry on once, as it is booked, with the run and its tenant', async () => {
    const told: [CostEntry, CostRun][] = [];
    const cost = new CostLedger({ onEntry: (entry, run) => told.push([entry, run]) });
    const recorded: CostEntry[] = [];
    await runPipeline(
      rootChild(
        ({ run }, item) => {
          recorded.push(run.cost.record(call(String(item))));
          expect(told).toHaveLength(item);
        },
        {},
        range(1, 5),
      ),
      { run: { cost, runId: 'mine', tenantId: 'acme' } },
    );

    expect(told.map(([entry]) => entry)).toEqual(recorded);
    expect(new Set(told.map(([, run]) => JSON.stringify(run)))).toEqual(
      new Set([JSON.stringify({ runId: 'mine', tenantId: 'acme' })]),
    );
  });

  test('is waited for: a run ends when what takes the entries has', async () => {
    const billed: string[] = [];
    const cost = new CostLedger({
      onEntry: async ({ callId }) => {
        await delay(20);
        billed.push(callId);
      },
    });
    await runPipeline(
      rootNode(({ run }, item) => run.cost.record(call(String(item))), [1, 2]),
      { run: { cost } },
    );

    expect(billed).toEqual(['1', '2']);
  });

  test.each([
    ['rejects', () => Promise.reject(new RangeError('billing is down'))],
    [
      'rejects later',
      async () => {
        await delay(10);
        throw new RangeError('billing is down');
      },
    ],
    [
      'throws',
      () => {
        throw new RangeError('billing is down');
      },
    ],
  ])('that %s fails the run with SINK_REJECTED, and the entry stays booked', async (_how, onEntry) => {
    const cost = new CostLedger({ onEntry });
    const error = await rejectionOf(
      runPipeline(
        rootNode(({ run }) => run.cost.record(call('a'))),
        { run: { cost } },
      ),
    );

    expect([error, error.cause]).toContainEqual(expect.objectContaining({ code: 'SINK_REJECTED' }));
    expect(resultOf(error).status).toBe('failed');
    expect(resultOf(error).cost).toMatchObject([{ calls: 1 }]);
    expect(cost.entries).toHaveLength(1);
  });

  test.each([
    ['rejects', () => Promise.reject(new RangeError('billing is down'))],
    [
      'throws',
      () => {
        throw new RangeError('billing is down');
      },
    ],
  ])('that %s is no item error: no policy of a node handles it', async (_how, onEntry) => {
    const error = await rejectionOf(
      runPipeline(
        rootNode(({ run }) => run.cost.record(call('a')), [1], { errorPolicy: errorPolicy('skip') }),
        { run: { cost: new CostLedger({ onEntry }) } },
      ),
    );

    expect(error.code).toBe('SINK_REJECTED');
  });

  test('is told to observers, once, in the execution whose code has recorded it', async () => {
    const observer = new RecordingObserver();
    const price = { currency: 'EUR', inputPerMillion: 1, outputPerMillion: 2 };
    const result = await runPipeline(
      rootChild(
        async ({ run }) => {
          await nextTurn();
          run.cost.record(call('a', { model: 'm', inputTokens: 5, outputTokens: 7, price }));
          run.cost.record(call('a'));
        },
        { timeoutMs: 5_000 },
      ),
      { executionObserver: observer },
    );

    await runPipeline(
      rootNode(({ run }) => run.cost.record(call('b'))),
      { executionObserver: observer },
    );

    const [child] = observer.of('compositeStarted');
    expect(observer.of('costRecorded')).toEqual([
      expect.objectContaining({
        ...{ path: 'root/child/node', runId: result.runId, pipelineId: child?.childPipelineId },
        ...{ callId: 'a', model: 'm', inputTokens: 5, outputTokens: 7, cachedTokens: 0, calls: 1 },
        ...{ amount: 0.000019, currency: 'EUR' },
      }),
      expect.objectContaining({ path: 'root/node', callId: 'b', amount: null, currency: null }),
    ]);
  });

  test('flags what is booked after the end of the run as late; nothing is charged, and it is handed on', async () => {
    const told: string[] = [];
    const cost = new CostLedger({ onEntry: ({ callId }) => told.push(callId) });
    const ended = gate();
    const late: Promise<CostEntry>[] = [];
    const result = await runPipeline(
      rootNode(({ run }) => {
        run.cost.record(call('in time', { inputTokens: 5, outputTokens: 0 }));
        late.push(ended.opened.then(() => run.cost.record(call('late'))));
      }),
      { run: { cost, budget: { tokens: 5 } } },
    );
    ended.open();

    expect(await late[0]).toMatchObject({ callId: 'late', late: true, path: 'root/node' });
    expect(cost.entries.map((entry) => entry.late)).toEqual([undefined, true]);
    expect(told).toEqual(['in time', 'late']);
    expect(result.cost).toMatchObject([{ calls: 1 }]);
  });

  test('takes entries of stream nodes, sources, disposers and initialisers too', async () => {
    const cost = new CostLedger();
    const Root = definePipeline('root', (builder) => {
      const source = builder.addSource(async function* ({ run }) {
        run.cost.record(call('source'));
        yield 1;
      }, 'source');
      const stream = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>, context) {
          context.onDispose(() => context.run.cost.record(call('disposer')));
          for await (const item of items) {
            context.run.cost.record(call('stream'));
            yield item;
          }
        },
        { name: 'stream', from: source },
      );
      builder.connect(
        stream,
        builder.addSink(() => undefined, 'sink'),
      );
    });
    const result = await runPipeline(Root, { run: { cost } });

    expect(cost.entries.map(({ callId, path, late }) => [callId, path, late])).toEqual([
      ['source', 'root/source', undefined],
      ['stream', 'root/stream', undefined],
      ['disposer', 'root/stream', undefined],
    ]);
    expect(result.cost).toMatchObject([{ calls: 3 }]);
  });
});
