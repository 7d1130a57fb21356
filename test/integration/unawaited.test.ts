import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  BackgroundQueue,
  cooperate,
  mapSecrets,
  PipelineRunner,
  runDetached,
  runPipeline,
  withContext,
  type Logger,
  type PipelineContext,
} from 'heirline';
import { expectIsolation } from 'heirline/testing';
import { definePipeline, defineStep, nextTurn, rejectionOf, unhandledDuring } from './support/harness.js';

/** A logger that keeps the messages of its error lines, and the codes of the errors in them. */
function keptErrors() {
  const lines: { message: string; code: unknown }[] = [];
  const ignore = (): void => undefined;
  const logger: Logger = {
    trace: ignore,
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: (fields, message) => {
      const { error } = fields as { error?: { code?: unknown } };
      lines.push({ message, code: error?.code });
    },
  };
  return { lines, logger };
}

/** A pipeline of one node, which does what it is told. */
function working(work: (context: PipelineContext) => unknown) {
  return definePipeline('working', (builder) => {
    builder.addSink((_item: number, context) => work(context), {
      name: 'work',
      from: builder.addSource([1], 'source'),
    });
  });
}

const Failing = working(() => {
  throw new RangeError('no');
});

const Echo = defineStep('echo', 'step', (item: number) => item);

function warnings() {
  return vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a promise that the library gives and nobody awaits', () => {
  test('of a secret ends no process, in a run that fails or is cancelled meanwhile', async () => {
    const unhandled = await unhandledDuring(async () => {
      const never = { secrets: { resolve: () => new Promise<undefined>(() => undefined) } };
      const failed = runPipeline(
        working(({ run }) => {
          void run.secrets.get('K');
          throw new RangeError('no');
        }),
        { run: never },
      );
      expect(await rejectionOf(failed)).toMatchObject({ code: 'NODE_FAILED' });
      const cancelled = runPipeline(
        working(({ run }) => {
          void run.secrets.get('K');
          void run.secrets.get('');
          run.cancel();
          void run.secrets.get('K');
        }),
        { run: never },
      );
      expect(await rejectionOf(cancelled)).toMatchObject({ code: 'RUN_CANCELLED' });
    });

    expect(unhandled).toEqual([]);
  });

  test('of a secret that nobody has ends no process either, in a run that succeeds', async () => {
    const unhandled = await unhandledDuring(() =>
      runPipeline(
        working(({ run }) => {
          void run.secrets.get('NOT_THERE');
        }),
      ),
    );

    expect(unhandled).toEqual([]);
  });

  test('of a run is told by the logger of the run, of the context before that of the runner', async () => {
    const own = keptErrors();
    const runners = keptErrors();
    const runner = new PipelineRunner({ logger: runners.logger });
    const unhandled = await unhandledDuring(async () => {
      void runner.run(Failing, { logger: own.logger });
      void runner.run(Failing);
      void runner.runItem(Echo, 1, undefined, { output: 'all' as 'one' });
      void runner.run(Failing, { parameter: {} } as never);
      await nextTurn();
      await nextTurn();
    });

    expect(unhandled).toEqual([]);
    const message = 'a run failed, and nobody awaited it';
    expect(own.lines).toEqual([{ message, code: 'NODE_FAILED' }]);
    expect(runners.lines.map(({ code }) => code).sort()).toEqual([
      'NODE_FAILED',
      'OPTION_INVALID',
      'OPTION_INVALID',
    ]);
  });

  test('of a run without a logger is a warning of the process, without the values of secrets', async () => {
    const warned = warnings();
    const unhandled = await unhandledDuring(async () => {
      void runPipeline(
        working(async ({ run }) => {
          throw new Error(`refused ${(await run.secrets.get('K')).reveal()}`);
        }),
        { run: { secrets: mapSecrets({ K: 'correct horse' }) } },
      );
      for (let turn = 0; turn < 5; turn += 1) await nextTurn();
    });

    expect(unhandled).toEqual([]);
    expect(warned).toHaveBeenCalledTimes(1);
    const [text, options] = warned.mock.calls[0] ?? [];
    expect(text).toContain('a run failed, and nobody awaited it: working/work:');
    expect(JSON.stringify([text, options])).not.toContain('correct horse');
  });

  test.each<[string, (signal: AbortSignal) => unknown]>([
    ['stream().result', () => void new PipelineRunner().stream(Echo, failing()).result],
    [
      'an iterator of stream()',
      () => {
        const steps = new PipelineRunner().stream(Echo, failing())[Symbol.asyncIterator]();
        void steps.next();
        void steps.next();
        void steps.return?.();
      },
    ],
    ['cooperate()', (signal) => cooperate(signal, { everyMs: 0 })()],
  ])('of %s is silent', async (_name, start) => {
    const warned = warnings();
    const controller = new AbortController();
    const unhandled = await unhandledDuring(async () => {
      start(controller.signal);
      controller.abort(new Error('stop'));
      for (let turn = 0; turn < 5; turn += 1) await nextTurn();
    });

    expect(unhandled).toEqual([]);
    expect(warned).not.toHaveBeenCalled();
  });

  test.each<[string, () => unknown, string]>([
    ['withContext', () => withContext({}, fail), 'a call of withContext failed'],
    ['runDetached', () => runDetached(fail), 'a detached task failed'],
    ['expectIsolation', () => expectIsolation(Failing, { runs: 2 }), 'expectIsolation failed'],
    [
      'BackgroundQueue.close',
      () => new BackgroundQueue({ worker: fail }).close({ timeoutMs: -1 }),
      'closing a background queue failed',
    ],
  ])('of %s is a warning of the process', async (_name, start, message) => {
    const warned = warnings();
    const unhandled = await unhandledDuring(async () => {
      start();
      for (let turn = 0; turn < 30 && warned.mock.calls.length === 0; turn += 1) await nextTurn();
    });

    expect(unhandled).toEqual([]);
    expect(warned.mock.calls.map(([text]) => String(text))).toEqual([
      expect.stringContaining(`${message}, and nobody awaited it`),
    ]);
  });

  test('of withContext is told by the logger of its context', async () => {
    const { lines, logger } = keptErrors();
    const unhandled = await unhandledDuring(async () => {
      void withContext({ logger }, fail);
      await nextTurn();
    });

    expect(unhandled).toEqual([]);
    expect(lines).toEqual([
      { message: 'a call of withContext failed, and nobody awaited it', code: undefined },
    ]);
  });

  test('of a refused enqueue goes to onError, in the context of the item', async () => {
    const told: unknown[] = [];
    const queue = new BackgroundQueue<string>({
      worker: () => undefined,
      onError: (error, item, context) =>
        told.push([(error as { code?: unknown }).code, item, context?.run.tenantId]),
    });
    await queue.close();
    const unhandled = await unhandledDuring(() =>
      withContext({ run: { tenantId: 'acme' } }, () => {
        void queue.enqueue('late');
      }),
    );

    expect(unhandled).toEqual([]);
    expect(told).toEqual([['QUEUE_CLOSED', 'late', 'acme']]);
  });
});

describe('a promise that somebody awaits', () => {
  test('rejects as always and is told nowhere else, also when it is awaited after the failure', async () => {
    const { lines, logger } = keptErrors();
    const warned = warnings();
    const at = async (work: () => Promise<unknown>) => {
      const promise = work();
      await nextTurn();
      return await rejectionOf(promise);
    };
    const told: unknown[] = [];
    const queue = new BackgroundQueue({ worker: () => undefined, onError: (error) => told.push(error) });
    await queue.close();

    expect(await at(() => runPipeline(Failing, { logger }))).toMatchObject({ code: 'NODE_FAILED' });
    expect(await at(() => queue.enqueue(1))).toMatchObject({ code: 'QUEUE_CLOSED' });
    expect(await at(() => withContext({ nope: 1 } as never, fail))).toMatchObject({ code: 'OPTION_INVALID' });
    const [outcome] = await Promise.allSettled([runPipeline(Failing, { logger })]);
    expect(outcome.status).toBe('rejected');
    expect(await runPipeline(Failing, { logger }).catch(() => 'caught')).toBe('caught');
    await nextTurn();

    expect([lines, told, warned.mock.calls]).toEqual([[], [], []]);
  });

  test('leads to ordinary promises, whose rejections are the caller’s own', async () => {
    const run = runPipeline(Failing);
    expect(run).toBeInstanceOf(Promise);
    expect(run.catch(() => 1).constructor).toBe(Promise);

    const unhandled = await unhandledDuring(async () => {
      const derived = run.then(() => undefined);
      await nextTurn();
      void derived;
    });
    expect(unhandled).toHaveLength(1);
  });
});

function fail(): Promise<never> {
  return Promise.reject(new RangeError('no'));
}

async function* failing(): AsyncGenerator<number> {
  await nextTurn();
  yield* [];
  throw new RangeError('no');
}
