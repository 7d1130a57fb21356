import { describe, expect, test, vi } from 'vitest';
import {
  captureContext,
  CostLedger,
  errorPolicy,
  fixed,
  mapSecrets,
  MemoryDeadLetterSink,
  MemoryLineageSink,
  PipelineContext,
  PipelineRunner,
  RunContext,
  runPipeline,
  withContext,
  type Clock,
  type PipelineRunnerOptions,
} from 'heirline';
import { ManualClock, RecordingObserver } from 'heirline/testing';
import { childNode } from './support/small-graphs.js';
import {
  aborted,
  countsAt,
  definePipeline,
  nextTurn,
  rejectionOf,
  throwAnything,
} from './support/harness.js';

const HOUR_MS = 60 * 60 * 1000;

/** Tries four times, an hour apart, then skips. */
const patient = errorPolicy({ then: { retry: { attempts: 4, delay: fixed(HOUR_MS), exhausted: 'skip' } } });

/** A source of one item, a transform, a sink that drops it. */
function pipelineOf(
  transform: (item: string, context: PipelineContext) => unknown,
  options: { readonly timeoutMs?: number; readonly errorPolicy?: ReturnType<typeof errorPolicy> } = {},
) {
  return definePipeline('root', (builder) => {
    const source = builder.addSource(['tea'], 'source');
    const node = builder.addTransform(transform, { name: 'node', from: source, ...options });
    builder.addSink(() => undefined, { name: 'sink', from: node });
  });
}

function open(startsAt = 0): { clock: ManualClock; runner: PipelineRunner } {
  const clock = new ManualClock(startsAt);
  return { clock, runner: new PipelineRunner({ clock }) };
}

describe('the clock of a runner', () => {
  test('measures the delays of retries', async () => {
    const { clock, runner } = open();
    const tries: number[] = [];
    const Flaky = pipelineOf(
      async () => {
        await nextTurn();
        tries.push(clock.now());
        throw new RangeError('busy');
      },
      { errorPolicy: patient },
    );
    const run = runner.run(Flaky);
    await clock.advance(2 * HOUR_MS);
    expect(tries).toEqual([0, HOUR_MS, 2 * HOUR_MS]);
    await clock.advance(HOUR_MS);

    expect(countsAt(await run, 'root/node')).toMatchObject({ retried: 3, filtered: 1 });
    expect(tries).toHaveLength(4);
  });

  test('measures the timeoutMs of a node, however long that is', async () => {
    const { clock, runner } = open();
    const Slow = pipelineOf((_, context) => aborted(context.signal), { timeoutMs: 60 * 24 * HOUR_MS });
    const run = rejectionOf(runner.run(Slow));
    await clock.advance(60 * 24 * HOUR_MS - 1);
    expect(clock.pending).toBe(1);
    await clock.advance(1);

    expect(await run).toMatchObject({ code: 'NODE_TIMEOUT', path: 'root/node' });
    expect(clock.pending).toBe(0);
  });

  test('measures the timeoutMs of a composite, and its deadline', async () => {
    const { clock, runner } = open(1000);
    let deadline: Date | undefined;
    const Child = definePipeline<string, string>('child', (builder) => {
      const wait = builder.addTransform(
        async (item: string, context) => {
          ({ deadline } = context.run);
          await aborted(context.signal);
          return item;
        },
        { name: 'wait', from: builder.addCompositeInput() },
      );
      builder.connect(wait, builder.addCompositeOutput());
    });
    const Parent = definePipeline('root', (builder) => {
      const source = builder.addSource(['tea'], 'source');
      const child = builder.addComposite(Child, { name: 'child', from: source, timeoutMs: HOUR_MS });
      builder.addSink(() => undefined, { from: child });
    });
    const run = rejectionOf(runner.run(Parent));
    await clock.advance(HOUR_MS);

    expect(await run).toMatchObject({ code: 'NODE_TIMEOUT', path: 'root/child' });
    expect(deadline).toEqual(new Date(1000 + HOUR_MS));
  });

  test.each([{ timeoutMs: HOUR_MS }, { deadline: new Date(HOUR_MS) }])(
    'measures the limit of a run: %o',
    async (limit) => {
      const { clock, runner } = open();
      const Slow = pipelineOf((_, context) => aborted(context.signal));
      const run = rejectionOf(runner.run(Slow, { run: limit }));
      await clock.advance(HOUR_MS - 1);
      expect(clock.pending).toBe(1);
      await clock.advance(1);
      const error = await run;

      expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'deadline' });
      expect(error.result).toMatchObject({ status: 'cancelled', durationMs: HOUR_MS });
    },
  );

  test('tells whether a deadline has passed before the start', async () => {
    const late = rejectionOf(open(1000).runner.run(pipelineOf(String), { run: { deadline: new Date(999) } }));
    expect(await late).toMatchObject({ code: 'RUN_CANCELLED', kind: 'deadline' });

    const carrier = await carrierWithDeadline(new Date(5000));
    const restored = { run: RunContext.fromCarrier(carrier) };
    expect((await open(1000).runner.run(pipelineOf(String), restored)).status).toBe('succeeded');
    expect(
      await rejectionOf(open(5000).runner.run(pipelineOf(String), { run: RunContext.fromCarrier(carrier) })),
    ).toMatchObject({ kind: 'deadline' });
  });

  test('dates events, dead letters, lineage, costs and reads of secrets', async () => {
    const { clock, runner } = open(HOUR_MS);
    const observer = new RecordingObserver();
    const letters = new MemoryDeadLetterSink();
    const lineage = new MemoryLineageSink();
    const Busy = pipelineOf(
      async (_, { run }) => {
        await run.secrets.get('KEY');
        run.cost.record({ callId: 'a', model: 'm', inputTokens: 1, outputTokens: 1 });
        return throwAnything(new RangeError('no'));
      },
      { errorPolicy: errorPolicy('deadLetter') },
    );
    const { context } = await runner.run(Busy, {
      executionObserver: observer,
      deadLetterSink: letters,
      lineageSink: lineage,
      run: { secrets: mapSecrets({ KEY: 'a secret value' }) },
    });

    const at = new Date(HOUR_MS);
    expect(new Set(observer.events.map((event) => event.at))).toEqual(new Set([HOUR_MS]));
    expect(letters.envelopes.map(({ failedAt }) => failedAt)).toEqual([at]);
    expect(lineage.records.map((record) => record.at)).toEqual([HOUR_MS]);
    expect(context.run.cost.entries.map((entry) => entry.at)).toEqual([at]);
    expect(context.run.secrets.audit().map((read) => read.at)).toEqual([at]);
    expect(clock.pending).toBe(0);
  });

  test('also dates what captured contexts and runs inside runs note', async () => {
    const { runner } = open(HOUR_MS);
    const noted: Date[] = [];
    const note = ({ run }: PipelineContext, callId: string): void => {
      noted.push(run.cost.record({ callId, model: 'm', inputTokens: 1, outputTokens: 1 }).at);
    };
    const Outer = pipelineOf(async () => {
      const { context } = captureContext();
      if (context !== undefined) note(context, 'captured');
      await runPipeline(
        pipelineOf((_, inner) => {
          note(inner, 'inner');
        }),
      );
      await new PipelineRunner({ clock: new ManualClock(5) }).run(
        pipelineOf((_, inner) => {
          note(inner, 'with a clock of its own');
        }),
      );
    });
    await runner.run(Outer);

    expect(noted.map(Number)).toEqual([HOUR_MS, HOUR_MS, 5]);
  });

  test('does not measure graceMs: a run that is given up ends by itself', async () => {
    const runner = new PipelineRunner({ clock: new ManualClock(), graceMs: 10 });
    const Deaf = pipelineOf((_, context) => {
      context.cancel();
      return new Promise(() => undefined);
    });

    expect(await rejectionOf(runner.run(Deaf))).toMatchObject({ abandoned: ['root/node'] });
  });

  test('has what its timers set off run in the context of the run', async () => {
    const { clock, runner } = open();
    const seen: unknown[] = [];
    const Watching = pipelineOf(async (_, context) => {
      context.run.onCancel(() => seen.push(context.run.runId));
      await aborted(context.signal);
      seen.push(captureContext().context?.run.runId);
    });
    const run = rejectionOf(runner.run(Watching, { run: { runId: 'mine', timeoutMs: 5 } }));
    await clock.advance(5);
    await run;

    expect(seen).toEqual(['mine', 'mine']);
  });
});

describe('without a clock', () => {
  test('the time is that of the process, and does not go back', async () => {
    const observer = new RecordingObserver();
    const before = Date.now();
    const { durationMs } = await runPipeline(pipelineOf(String), { executionObserver: observer });

    const times = observer.events.map((event) => event.at);
    expect(times).toEqual([...times].sort((one, other) => one - other));
    expect(Math.abs((times[0] ?? 0) - before)).toBeLessThan(5000);
    expect(durationMs).toBeGreaterThanOrEqual(0);
  });

  describe.each([
    ['ahead, as after a machine was suspended,', HOUR_MS],
    ['back', -HOUR_MS],
  ])('and the time of day was set %s', (_, byMs) => {
    const Unchanged = childNode(() => undefined);
    const setTimeOfDay = (): void => {
      const { now } = Date;
      vi.spyOn(Date, 'now').mockImplementation(() => now() + byMs);
    };

    test('before the start, runs, calls and ledgers outside of them are dated by the new time', async () => {
      setTimeOfDay();
      const letters = new MemoryDeadLetterSink();
      const Failing = pipelineOf(() => throwAnything(new RangeError('no')), {
        errorPolicy: errorPolicy('deadLetter'),
      });
      await runPipeline(Failing, { deadLetterSink: letters });
      const called = await withContext(
        new PipelineContext(),
        ({ run }) => run.cost.record({ callId: 'a', model: 'm', inputTokens: 1, outputTokens: 1 }).at,
      );
      const { at: booked } = new CostLedger().record({
        callId: 'a',
        model: 'm',
        inputTokens: 1,
        outputTokens: 1,
      });

      for (const at of [letters.envelopes[0]?.failedAt, called, booked])
        expect(Math.abs(Number(at) - Date.now())).toBeLessThan(5000);
    });

    test('before the start, a deadline is one of the new time', async () => {
      setTimeOfDay();
      const near = { run: { deadline: new Date(Date.now() + 60_000) } };
      expect((await runPipeline(pipelineOf(String), near)).status).toBe('succeeded');
      const outputs: number[] = [];
      for await (const output of new PipelineRunner().stream(Unchanged, [1], near)) outputs.push(output);
      expect(outputs).toEqual([1]);

      const over = { run: { deadline: new Date(Date.now() - 1) } };
      expect(await rejectionOf(runPipeline(pipelineOf(String), over))).toMatchObject({ kind: 'deadline' });
    });

    test('in the middle, a run goes on by its own time, and one that it starts is of the new time', async () => {
      const observer = new RecordingObserver();
      let inner: Date | undefined;
      const Outer = pipelineOf(async () => {
        setTimeOfDay();
        await runPipeline(
          pipelineOf((_item, { run }) => {
            inner = run.cost.record({ callId: 'a', model: 'm', inputTokens: 1, outputTokens: 1 }).at;
          }),
        );
      });
      const { durationMs } = await runPipeline(Outer, {
        executionObserver: observer,
        run: { timeoutMs: HOUR_MS / 2 },
      });

      const times = observer.events.map((event) => event.at);
      expect(times).toEqual([...times].sort((one, other) => one - other));
      expect(durationMs).toBeLessThan(5000);
      expect(Math.abs(Number(inner) - Date.now())).toBeLessThan(5000);
    });
  });
});

describe('a clock that does not work', () => {
  const working: Clock = new ManualClock();
  const broken = (wrong: Partial<Record<keyof Clock, unknown>>): PipelineRunnerOptions => ({
    clock: {
      now: () => working.now(),
      setTimeout: (callback, ms) => setTimeout(callback, ms),
      clearTimeout: (handle) => {
        clearTimeout(handle as NodeJS.Timeout);
      },
      ...(wrong as Partial<Clock>),
    },
  });

  test('is refused when the runner is made, if it is none', () => {
    for (const clock of [null, 5, {}, Date, { now: 5 }, { now: () => 5, setTimeout: () => 1 }]) {
      expect(() => new PipelineRunner({ clock } as never)).toThrow(
        /'clock' must be an object with 'now', 'setTimeout', 'clearTimeout'/,
      );
    }
  });

  test.each([
    ['gives no time', () => Number.NaN, 'now() gave NaN'],
    ['throws', () => throwAnything(new RangeError('no battery')), 'now() threw: no battery'],
  ])('keeps a run from starting where it %s', async (_, now, message) => {
    let starts = 0;
    const Counting = pipelineOf(() => (starts += 1));
    const error = await rejectionOf(new PipelineRunner(broken({ now })).run(Counting));

    expect(error).toMatchObject({ code: 'OPTION_INVALID' });
    expect(error.message).toContain(message);
    expect(starts).toBe(0);
  });

  test('ends the run where it fails later, instead of letting it hang', async () => {
    let isBroken = false;
    const now = (): number => (isBroken ? Number.NaN : 5);
    const Breaking = pipelineOf(
      () => {
        isBroken = true;
        return throwAnything(new RangeError('busy'));
      },
      { errorPolicy: patient },
    );
    const error = await rejectionOf(new PipelineRunner(broken({ now })).run(Breaking));

    expect(error).toMatchObject({ code: 'OPTION_INVALID', result: { status: 'failed' } });
    expect(error.message).toContain("The runner's clock does not work: now() gave NaN.");
  });

  test.each([
    ['a delay', {}, {}],
    ['a timeout', { timeoutMs: HOUR_MS }, {}],
    ['the limit of a run', {}, { run: { timeoutMs: HOUR_MS } }],
  ])('ends the run where it cannot set a timer for %s', async (_, options, context) => {
    const setTimeout = (): never => throwAnything(new RangeError('full'));
    const Waiting = pipelineOf(
      async () => {
        await nextTurn();
        return throwAnything(new RangeError('busy'));
      },
      { errorPolicy: patient, ...options },
    );
    const error = await rejectionOf(new PipelineRunner(broken({ setTimeout })).run(Waiting, context));

    expect(error).toMatchObject({ code: 'OPTION_INVALID' });
    expect(error.message).toContain('setTimeout() threw: full');
  });
});

/** The carrier of a run with a deadline. */
async function carrierWithDeadline(deadline: Date) {
  const clock = new ManualClock(0);
  const { context } = await new PipelineRunner({ clock }).run(pipelineOf(String), { run: { deadline } });
  return { ...context.run.toCarrier(), deadline: deadline.toISOString() };
}
