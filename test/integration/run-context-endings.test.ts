import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  BudgetExceededError,
  CostLedger,
  createSession,
  currentContext,
  mapSecrets,
  PipelineRunner,
  RunContext,
  runPipeline,
  withContext,
  type Logger,
  type NodeOptions,
  type PipelineContext,
  type RunCarrier,
} from 'heirline';
import { definePipeline, delay, rejectionOf, resultOf } from './support/harness.js';

/** A pipeline of one item and one node. */
function one(work: (item: number, context: PipelineContext) => unknown, options: NodeOptions = {}) {
  return definePipeline('one', (builder) => {
    const node = builder.addTransform(
      async (item: number, context) => {
        await work(item, context);
        return item;
      },
      { name: 'node', from: builder.addSource([1]), ...options },
    );
    builder.connect(
      node,
      builder.addSink(() => undefined),
    );
  });
}

function recordCall({ run }: PipelineContext, callId = 'call-1', inputTokens = 10): void {
  run.cost.record({ callId, model: 'm', inputTokens, outputTokens: 0 });
}

const carrier: RunCarrier = {
  ...{ version: 1, runId: 'restored', rootRunId: 'restored', correlationId: 'request' },
  secrets: [],
};

function writing(error: Logger['error']): Logger {
  const ignore = (): void => undefined;
  return { trace: ignore, debug: ignore, info: ignore, warn: ignore, error };
}

describe('entries that are still being handed on', () => {
  test('keep a run that has failed waiting no longer than its grace', async () => {
    const cost = new CostLedger({ onEntry: () => new Promise(() => undefined) });
    const failing = one((_, context) => {
      recordCall(context);
      throw new Error('no');
    });
    const error = await rejectionOf(new PipelineRunner({ graceMs: 30 }).run(failing, { run: { cost } }));

    expect(error.code).toBe('NODE_FAILED');
  });

  test('fail a run that would have succeeded, after its grace', async () => {
    const cost = new CostLedger({ onEntry: () => new Promise(() => undefined) });
    const work = one((_, context) => {
      recordCall(context);
    });
    const error = await rejectionOf(new PipelineRunner({ graceMs: 30 }).run(work, { run: { cost } }));

    expect(error.code).toBe('SINK_REJECTED');
    expect(error.message).toContain('no answer within 30 ms');
  });

  test('fail the run whatever the policy of the node says', async () => {
    const cost = new CostLedger({
      onEntry: () => {
        throw new Error('billing is down');
      },
    });
    const work = one(
      (_, context) => {
        recordCall(context);
      },
      { errorPolicy: 'skip' },
    );

    expect((await rejectionOf(runPipeline(work, { run: { cost } }))).code).toBe('SINK_REJECTED');
  });

  test('fail the run also where a withContext in it has seen them', async () => {
    const cost = new CostLedger({ onEntry: () => delay(20).then(() => Promise.reject(new Error('no'))) });
    const work = one((_, { run }) => withContext({ run }, (context) => recordCall(context)));

    expect((await rejectionOf(runPipeline(work, { run: { cost } }))).code).toBe('SINK_REJECTED');
  });

  test('are reported where a call that outlived its time has recorded them', async () => {
    const lines: unknown[] = [];
    const cost = new CostLedger({ onEntry: () => delay(20).then(() => Promise.reject(new Error('no'))) });
    const work = one(
      async (_, context) => {
        await delay(40);
        recordCall(context);
      },
      { timeoutMs: 10, errorPolicy: 'skip' },
    );
    await runPipeline(work, { run: { cost }, logger: writing((_, message) => lines.push(message)) });

    expect(lines).toEqual(['a cost entry was not handed on']);
  });
});

test('runs that share a ledger with the run around them book each call of their own', async () => {
  const cost = new CostLedger();
  const runner = new PipelineRunner();
  const inner = one((_, context) => {
    recordCall(context);
  });
  const outer = one(async (_, context) => {
    recordCall(context);
    for (let count = 0; count < 3; count += 1) {
      expect((await runner.run(inner, { run: { cost } })).cost).toMatchObject([{ calls: 1 }]);
    }
  });
  const { cost: ofOuter } = await runner.run(outer, { run: { cost } });

  expect(ofOuter).toMatchObject([{ calls: 1 }]);
  expect(cost.entries).toHaveLength(4);
});

describe('a budget of the run that is joined', () => {
  test('ends what has joined it with BUDGET_EXCEEDED, each with a result of its own', async () => {
    const run = RunContext.fromCarrier({ ...carrier, budget: { tokens: 15 } });
    const work = one((_, context) => {
      recordCall(context, context.pipelineId);
    });
    await runPipeline(work, { run });
    const errors = [
      await rejectionOf(runPipeline(work, { run })),
      await rejectionOf(runPipeline(work, { run })),
    ];

    expect(errors.map(({ code }) => code)).toEqual(['BUDGET_EXCEEDED', 'BUDGET_EXCEEDED']);
    expect(errors[0]).toBeInstanceOf(BudgetExceededError);
    expect(errors.map((error) => resultOf(error).status)).toEqual(['cancelled', 'cancelled']);
    expect(resultOf(errors[0] as BudgetExceededError)).not.toBe(resultOf(errors[1] as BudgetExceededError));
  });
});

describe('a refused reservation', () => {
  test('ends the run also where a library has wrapped it', async () => {
    const work = one(
      (_, { run }) => {
        try {
          run.budget.reserve({ tokens: 11 });
        } catch (cause) {
          throw new Error('the model could not be called', { cause });
        }
      },
      { errorPolicy: 'skip' },
    );

    expect((await rejectionOf(runPipeline(work, { run: { budget: { tokens: 10 } } }))).code).toBe(
      'BUDGET_EXCEEDED',
    );
  });

  test('ends no other run that the error has reached', async () => {
    let refused: unknown;
    const first = one((_, { run }) => {
      try {
        run.budget.reserve({ tokens: 11 });
      } catch (error) {
        refused = error;
      }
      return delay(20);
    });
    const running = runPipeline(first, { run: { budget: { tokens: 10 } } });
    const second = one(async () => {
      await delay(1);
      throw refused;
    });

    expect((await rejectionOf(runPipeline(second))).code).toBe('NODE_FAILED');
    expect((await running).status).toBe('succeeded');
  });
});

describe('a cancel listener', () => {
  test.each(['throws', 'rejects'])(
    'that %s harms nothing, even where the logger is broken too',
    async (how) => {
      const logger = writing(() => {
        throw new Error('the logger is broken');
      });
      const work = one((_, { run, signal }) => {
        run.onCancel(() => {
          if (how === 'throws') throw new Error('no');
          return Promise.reject(new Error('no'));
        });
        run.cancel({ kind: 'user', message: 'enough' });
        expect(signal.aborted).toBe(true);
      });

      expect((await rejectionOf(runPipeline(work, { logger }))).code).toBe('RUN_CANCELLED');
    },
  );

  test('of a restored run hears of the limits that were carried', async () => {
    const host = new AbortController();
    const heard: unknown[] = [];
    RunContext.fromCarrier(carrier, { signal: host.signal }).onCancel((reason) => heard.push(reason));
    RunContext.fromCarrier({ ...carrier, deadline: new Date(0).toISOString() }).onCancel(({ kind }) =>
      heard.push(kind),
    );
    host.abort({ kind: 'shutdown' });

    expect(heard).toEqual(['deadline', { kind: 'shutdown' }]);
  });
});

describe('the end of a run', () => {
  test('is settled when its session is committed: a later cancel changes nothing', async () => {
    const session = createSession();
    const ends: string[] = [];
    const work = one(
      async (_, { run }) => {
        run.session.set('kept', true);
        await delay(60);
        run.cancel();
      },
      { timeoutMs: 10, errorPolicy: 'skip' },
    );
    const observer = {
      pipelineCompleted: () => ends.push('completed'),
      pipelineFailed: () => ends.push('failed'),
    };
    const result = await runPipeline(work, {
      run: { session, timeoutMs: 40 },
      executionObserver: observer,
    });

    expect([result.status, ends, session.get('kept')]).toEqual(['succeeded', ['completed'], true]);
  });

  test('drops what a call writes to the session after its time', async () => {
    const session = createSession();
    const refused: unknown[] = [];
    const slow = one(
      async (_, { run }) => {
        await delay(20);
        try {
          run.session.set('late', true);
        } catch (error) {
          refused.push(error);
        }
      },
      { timeoutMs: 10, errorPolicy: 'skip' },
    );
    await runPipeline(slow, { run: { session } });

    expect(session.has('late')).toBe(false);
    expect(refused).toMatchObject([{ code: 'SESSION_CLOSED' }]);
  });
});

describe('the cancel of a run', () => {
  test('is announced in its own context, also where it joined a restored one', async () => {
    const host = new AbortController();
    const seen: unknown[] = [];
    const run = RunContext.fromCarrier({ ...carrier, tenantId: 'b' }, { signal: host.signal });
    const restored = runPipeline(
      one(async (_, { signal }) => {
        signal.addEventListener('abort', () => seen.push(currentContext()?.run.tenantId));
        await delay(30);
      }),
      { run },
    );
    const aborting = one(async () => {
      await delay(5);
      host.abort();
    });
    await runPipeline(aborting, { run: { tenantId: 'a' } });

    expect((await rejectionOf(restored)).code).toBe('RUN_CANCELLED');
    expect(seen).toEqual(['b']);
  });

  test('by the signal of a withContext inside reaches that alone', async () => {
    const work = one(async (_, { run }) => {
      const leaving = new AbortController();
      await withContext({ run, signal: leaving.signal }, (context) => {
        leaving.abort();
        expect(context.signal.aborted).toBe(true);
      });
    });

    expect((await runPipeline(work)).status).toBe('succeeded');
  });

  test('works also for one that joins a run which has ended', async () => {
    const { context } = await runPipeline(one(() => undefined));
    const work = one((_, { run }) => {
      run.cancel();
    });

    expect((await rejectionOf(runPipeline(work, { run: context.run }))).code).toBe('RUN_CANCELLED');
  });

  test('by the signal of another run keeps that reason as it was', async () => {
    const work = one(async (_, outer) => {
      const inner = one((_item, { run }) => {
        outer.run.cancel({ kind: 'superseded', message: 'a newer one came' });
        expect(run.signal.reason).toMatchObject({ kind: 'superseded' });
      });
      const error = await rejectionOf(runPipeline(inner, { signal: outer.signal, run: {} }));
      expect(error).toMatchObject({ reason: { kind: 'superseded', message: 'a newer one came' } });
    });

    await rejectionOf(runPipeline(work));
  });
});

test('a secret that is read in a withContext or a restored run inside a run is not in what that run writes', async () => {
  const written: unknown[] = [];
  const leaking = async (run: RunContext): Promise<never> => {
    throw new Error(`refused: ${(await run.secrets.get('KEY')).reveal()}`);
  };
  const secrets = mapSecrets({ KEY: 'a-very-secret-value' });
  const scripts = [
    () => withContext({ run: { secrets } }, ({ run }) => leaking(run)),
    () => {
      const run = RunContext.fromCarrier({ ...carrier, secrets: ['KEY'] }, { secrets });
      return runPipeline(
        one((_, context) => leaking(context.run)),
        { run },
      );
    },
  ];
  for (const script of scripts) {
    const error = await rejectionOf(
      runPipeline(
        one(() => script()),
        { executionObserver: { itemFailed: (event) => written.push(event) } },
      ),
    );
    written.push(error.message, error.stack);
  }

  expect(written).toHaveLength(6);
  expect(inspect(written, { depth: 20 })).not.toContain('a-very-secret-value');
});
