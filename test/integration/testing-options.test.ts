import { describe, expect, test } from 'vitest';
import {
  buildPipeline,
  errorPolicy,
  fixed,
  PipelineRunner,
  RunContext,
  type Logger,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineDefinition,
} from 'heirline';
import { ManualClock, testPipeline } from 'heirline/testing';
import { aborted, definePipeline, errorOf, nextTurn, throwAnything } from './support/harness.js';

const MINUTE_MS = 60_000;

/** One item, whose transform notes its context and then does what the test says. */
function looking(seen: PipelineContext[], then: (context: PipelineContext) => unknown = () => undefined) {
  return definePipeline('looking', (builder) => {
    const look = (_: number, context: PipelineContext): unknown => {
      seen.push(context);
      return then(context);
    };
    const looked = builder.addTransform(look, { name: 'look', from: builder.addSource([1], 'source') });
    builder.addSink(() => undefined, { name: 'sink', from: looked });
  });
}

describe('withRun', () => {
  test('says who the run is, and what it may spend', async () => {
    const seen: PipelineContext[] = [];
    const run = await testPipeline(looking(seen))
      .withRun({ runId: 'r-1', tenantId: 'acme', budget: { tokens: 10 } })
      .withRun({ tenantId: 'globex', threadId: 't-1' })
      .run();

    expect(run.errors).toEqual([]);
    expect(seen.map(({ run: { runId, tenantId, threadId } }) => ({ runId, tenantId, threadId }))).toEqual([
      { runId: 'r-1', tenantId: 'globex', threadId: 't-1' },
    ]);
    expect(seen[0]?.run.budget.limits).toEqual({ tokens: 10 });
    expect(run.result.runId).toBe('r-1');
  });

  test('refuses wrong options where they are given', () => {
    const wrong = [undefined, null, 5, { tenant: 'acme' }, { timeoutMs: -1 }, []];
    for (const options of wrong) {
      const error = errorOf(() => testPipeline(looking([])).withRun(options as never));
      expect(error.code).toBe('OPTION_INVALID');
    }
  });

  test('refuses a run that exists: a test has a run of its own', async () => {
    const { context } = await testPipeline(looking([])).run();
    for (const run of [context.run, RunContext.fromCarrier(context.run.toCarrier())]) {
      expect(errorOf(() => testPipeline(looking([])).withRun(run as never)).message).toContain(
        'options of a run',
      );
    }
  });
});

describe('withSignal', () => {
  test.each(['withSignal', 'withRun'])('cancels the run, and so does withRun: %s', async (which) => {
    const controllers = { withSignal: new AbortController(), withRun: new AbortController() };
    const Waiting = looking([], async (context) => {
      controllers[which as keyof typeof controllers].abort();
      await aborted(context.signal);
    });
    const run = await testPipeline(Waiting)
      .withRun({ signal: controllers.withRun.signal })
      .withSignal(controllers.withSignal.signal)
      .run();

    expect(run.errors).toMatchObject([{ code: 'RUN_CANCELLED', kind: 'user' }]);
    expect(run.result.status).toBe('cancelled');
  });
});

describe('withLogger', () => {
  test("gets the lines of the run's nodes", async () => {
    const lines: unknown[] = [];
    const write = (fields: object, message: string): number => lines.push({ ...fields, message });
    const logger: Logger = { trace: write, debug: write, info: write, warn: write, error: write };
    const Talking = looking([], ({ run }) => run.logger.info({ cups: 2 }, 'tea is ready'));
    await testPipeline(Talking).withRun({ tenantId: 'acme' }).withLogger(logger).run();

    expect(lines).toMatchObject([
      { cups: 2, message: 'tea is ready', path: 'looking/look', tenantId: 'acme' },
    ]);
  });
});

describe('withClock', () => {
  test('lets a chain of retries run in no time', async () => {
    const clock = new ManualClock(0);
    const tries: number[] = [];
    const Flaky = definePipeline<string, string>('flaky', (builder) => {
      const ask = async (item: string): Promise<string> => {
        await nextTurn();
        tries.push(clock.now() / MINUTE_MS);
        return tries.length < 3 ? throwAnything(new RangeError('busy')) : item;
      };
      const asked = builder.addTransform(ask, {
        name: 'ask',
        from: builder.addCompositeInput(),
        errorPolicy: errorPolicy({
          then: { retry: { attempts: 3, delay: fixed(MINUTE_MS), exhausted: 'fail' } },
        }),
      });
      builder.addCompositeOutput({ from: asked });
    });
    const running = testPipeline(Flaky).withClock(clock).input(['tea']).run();
    await clock.advance(2 * MINUTE_MS);
    const run = await running;

    expect(run.outputs).toEqual(['tea']);
    expect(tries).toEqual([0, 1, 2]);
    expect(run.events.filter(({ type }) => type === 'itemRetried').map(({ at }) => at)).toEqual([
      0,
      MINUTE_MS,
    ]);
  });

  test('lets a deadline come', async () => {
    const clock = new ManualClock(0);
    const running = testPipeline(looking([], ({ signal }) => aborted(signal)))
      .withClock(clock)
      .withRun({ deadline: new Date(MINUTE_MS) })
      .run();
    await clock.advanceTo(MINUTE_MS);
    const run = await running;

    expect(run.errors).toMatchObject([{ code: 'RUN_CANCELLED', kind: 'deadline' }]);
    expect(run.result.durationMs).toBe(MINUTE_MS);
  });
});

describe('options of the runner', () => {
  test('are those of the run', async () => {
    const run = await testPipeline(looking([]), { requireTenant: true }).run();

    expect(run.errors).toMatchObject([{ code: 'TENANT_REQUIRED' }]);
  });

  test('are refused where they are given, if they are wrong', () => {
    for (const options of [{ graceMs: -1 }, { clok: new ManualClock() }, 5]) {
      expect(errorOf(() => testPipeline(looking([]), options as never)).code).toBe('OPTION_INVALID');
    }
  });
});

test('arguments of every method are checked where they are given', () => {
  const given = (): ReturnType<typeof testPipeline<string, string>> =>
    testPipeline(definePipeline<string, string>('any', () => undefined));
  const calls: Record<string, readonly (() => unknown)[]> = {
    testPipeline: [undefined, null, 'Orders'].map((wrong) => () => testPipeline(wrong as never)),
    withContainer: [undefined, {}, []].map((wrong) => () => given().withContainer(wrong as never)),
    withSignal: [undefined, {}, new AbortController()].map(
      (wrong) => () => given().withSignal(wrong as never),
    ),
    withLogger: [undefined, console.log, {}].map((wrong) => () => given().withLogger(wrong as never)),
    withClock: [undefined, Date, performance].map((wrong) => () => given().withClock(wrong as never)),
    withSource: [
      ...[undefined, '', 5, {}].map((wrong) => () => given().withSource(wrong as never, [1])),
      ...[undefined, 'abc', 5, {}, Promise.resolve([1])].map(
        (wrong) => () => given().withSource('source', wrong as never),
      ),
    ],
    replaceNode: [
      ...[undefined, '', 5, {}].map((wrong) => () => given().replaceNode(wrong as never, () => 1)),
      ...[undefined, null, 'stub', 5].map((wrong) => () => given().replaceNode('node', wrong)),
    ],
    withChild: [
      ...[undefined, null, 'Child'].map((wrong) => () => given().withChild(wrong as never, () => 1)),
      ...[undefined, 5, {}].map((wrong) => () => given().withChild(class {} as never, wrong as never)),
    ],
    input: [undefined, 'abc', 5].map((wrong) => () => given().input(wrong as never)),
  };
  for (const [method, attempts] of Object.entries(calls)) {
    for (const attempt of attempts) {
      const error = errorOf(attempt);
      expect(error.code).toBe('OPTION_INVALID');
      expect(error.message).toContain(`Wrong use of ${method}: `);
    }
  }
  for (const key of [undefined, '', Symbol('key'), '__proto__']) {
    expect(errorOf(() => given().withParameter(key as never, 1)).code).toBe('CONTEXT_KEY_INVALID');
  }
});

test('run never rejects, whatever throws', async () => {
  const hostile = {
    isBound: () => throwAnything(new RangeError('no container today')),
    get: () => throwAnything(new RangeError('no container today')),
  };
  class Broken implements PipelineDefinition {
    define(_builder: PipelineBuilder): void {
      throwAnything('a text');
    }
  }
  const runs = await Promise.all([
    testPipeline(Broken).run(),
    testPipeline(looking([]))
      .withContainer(hostile as never)
      .run(),
    testPipeline(looking([]))
      .withParameter('deep', {
        get oops() {
          return throwAnything(new RangeError('no'));
        },
      })
      .run(),
    testPipeline({} as never).run(),
  ]);
  for (const { succeeded, errors, result, outputs, sink } of runs) {
    expect([succeeded, errors.length, result.status, outputs]).toEqual([false, 1, 'failed', []]);
    expect(errorOf(() => sink('sink')).code).toBe('NODE_UNKNOWN');
  }
});

test('a test that is told of another clock by the runner options and by withClock takes the latter', async () => {
  const run = await testPipeline(looking([]), { clock: new ManualClock(5) })
    .withClock(new ManualClock(7))
    .run();

  expect(run.events.map(({ at }) => at)).toContain(7);
  expect(run.events.map(({ at }) => at)).not.toContain(5);
});

test('the definition can be built and run as before', async () => {
  const Plain = looking([]);
  await testPipeline(Plain).withClock(new ManualClock()).run();

  expect(buildPipeline(Plain).nodes).toHaveLength(3);
  expect((await new PipelineRunner().run(Plain)).status).toBe('succeeded');
});
