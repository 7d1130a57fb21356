import { addAbortListener, EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn, setInterval as ticks, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  BackgroundQueue,
  captureContext,
  currentContext,
  errorPolicy,
  fixed,
  PipelineRunner,
  requireContext,
  runDetached,
  runPipeline,
  withContext,
  type NodeOptions,
  type PipelineContext,
  type PipelineRunnerOptions,
} from 'heirline';
import { aborted, definePipeline, errorOf, gate, nextTurn, range } from './support/harness.js';

interface Report {
  readonly kind: unknown;
  readonly path: unknown;
  readonly startedAt: unknown;
  readonly message: string;
}

/** A runner in development mode, and what it reports. */
function watched(options: PipelineRunnerOptions = { development: true }) {
  const reports: Report[] = [];
  const warn = (fields: Readonly<Record<string, unknown>>, message: string): void => {
    const { kind, path, startedAt } = fields;
    reports.push({ kind, path, startedAt, message });
  };
  const ignore = (): void => undefined;
  const logger = { trace: ignore, debug: ignore, info: ignore, warn, error: ignore };
  return { runner: new PipelineRunner({ logger, ...options }), reports };
}

const places = (reports: readonly Report[]): string[] =>
  reports.map(({ kind, path }) => `${String(kind)} ${String(path)}`);

type Step = (item: number, context: PipelineContext) => unknown;

/** `source` → `node` → `sink` at the root. */
const atRoot = (step: Step, options: NodeOptions = {}, items = [1], name = 'orders') =>
  definePipeline(name, (builder) => {
    const node = builder.addTransform(step, {
      ...options,
      name: 'node',
      from: builder.addSource(items, 'source'),
    });
    builder.connect(
      node,
      builder.addSink(() => undefined, 'sink'),
    );
  });

/** The same with the node two composites deep: its execution is at `orders/validate/check`. */
const nested = (step: Step, options: NodeOptions = {}, items = [1], concurrency = 1, name = 'orders') => {
  const Check = definePipeline<number, unknown>('check', (builder) => {
    const node = builder.addTransform(step, { ...options, name: 'node', from: builder.addCompositeInput() });
    builder.connect(node, builder.addCompositeOutput());
  });
  const Validate = definePipeline<number, unknown>('validate', (builder) => {
    const check = builder.addComposite(Check, { name: 'check', from: builder.addCompositeInput() });
    builder.connect(check, builder.addCompositeOutput());
  });
  return definePipeline(name, (builder) => {
    const source = builder.addSource(items, 'source');
    const validate = builder.addComposite(Validate, { name: 'validate', from: source, concurrency });
    builder.connect(
      validate,
      builder.addSink(() => undefined, 'sink'),
    );
  });
};

/** What a node may leave behind; put away when the test has ended. */
const left: (() => void)[] = [];
const leaveTimer = (): void => {
  const timer = setTimeout(() => undefined, 60_000);
  left.push(() => {
    clearTimeout(timer);
  });
};
const leaveListener: Step = (_item, { signal }) => {
  signal.addEventListener('abort', () => undefined);
};

afterEach(() => {
  for (const putAway of left.splice(0)) putAway();
  vi.unstubAllEnvs();
});

describe('a timer that outlives its execution', () => {
  test('is reported with the path of the root, and where it was started', async () => {
    const { runner, reports } = watched();

    await runner.run(atRoot(leaveTimer));

    expect(places(reports)).toEqual(['timer orders']);
    const [report] = reports;
    expect(report?.startedAt).toMatch(/leaveTimer .*development\.test\.ts:\d+:\d+/);
    expect(report?.message).toContain(`orders, ${String(report?.startedAt)}`);
  });

  test('is reported with the path of the child that started it', async () => {
    const { runner, reports } = watched();

    await runner.run(nested(leaveTimer));

    expect(places(reports)).toEqual(['timer orders/validate/check']);
  });

  test('is reported, too, when it ends before the run does', async () => {
    const { runner, reports } = watched();

    await runner.run(nested(() => void setTimeout(() => undefined, 0)));
    await runner.run(nested(() => void setImmediate(() => undefined)));

    expect(places(reports)).toEqual(Array(2).fill('timer orders/validate/check'));
  });

  test('is reported where the parent clears it: it has outlived the child', async () => {
    const { runner, reports } = watched();
    const timers: NodeJS.Timeout[] = [];
    const Child = definePipeline<number, unknown>('child', (builder) => {
      const node = builder.addTransform(() => timers.push(setTimeout(() => undefined, 60_000)), {
        name: 'node',
        from: builder.addCompositeInput(),
      });
      builder.connect(node, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, { name: 'child', from: builder.addSource([1], 'source') });
      builder.connect(
        child,
        builder.addSink(async () => {
          await nextTurn();
          for (const timer of timers) clearTimeout(timer);
        }, 'sink'),
      );
    });

    await runner.run(Parent);

    expect(places(reports)).toEqual(['timer parent/child']);
  });

  test('is reported when it is an interval, or one that sleeps on after a race', async () => {
    const { runner, reports } = watched();

    await runner.run(
      atRoot(() => {
        const interval = setInterval(() => undefined, 1);
        left.push(() => {
          clearInterval(interval);
        });
      }),
    );
    const stop = new AbortController();
    left.push(() => {
      stop.abort();
    });
    const longSleep = () => sleep(60_000, undefined, { signal: stop.signal }).catch(() => undefined);
    await runner.run(nested(() => Promise.race([longSleep(), sleep(1)])));

    expect(places(reports)).toEqual(['timer orders', 'timer orders/validate/check']);
    expect(reports.at(1)?.startedAt).toContain('longSleep');
  });

  test('is reported when what an execution abandoned starts it later', async () => {
    const { runner, reports } = watched();
    const childHasEnded = gate();
    const started = gate();
    const Child = definePipeline<number, number>('child', (builder) => {
      const node = builder.addTransform(
        (item: number) => {
          void childHasEnded.opened.then(leaveTimer).then(started.open);
          return item;
        },
        { name: 'node', from: builder.addCompositeInput() },
      );
      builder.connect(node, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, { name: 'child', from: builder.addSource([1], 'source') });
      builder.connect(
        child,
        builder.addSink(async () => {
          childHasEnded.open();
          await started.opened;
        }, 'sink'),
      );
    });

    await runner.run(Parent);

    expect(places(reports)).toEqual(['timer parent/child']);
  });

  test('is reported once per path and place, whatever the number of items', async () => {
    const { runner, reports } = watched();

    await runner.run(nested(leaveTimer, {}, range(1, 100), 8));
    await runner.run(atRoot(leaveTimer, {}, range(1, 100)));

    expect(places(reports)).toEqual(['timer orders/validate/check', 'timer orders']);
  });

  test('is reported as well where the run fails or is cancelled', async () => {
    const { runner, reports } = watched();

    await runner
      .run(
        nested(() => {
          leaveTimer();
          throw new Error('no');
        }),
      )
      .catch(() => undefined);
    await runner
      .run(
        atRoot((_item, context) => {
          leaveTimer();
          context.cancel();
        }),
      )
      .catch(() => undefined);

    expect(places(reports)).toEqual(['timer orders/validate/check', 'timer orders']);
  });
});

describe('a listener on context.signal that outlives its execution', () => {
  test('is reported with the path of the root, and where it was added', async () => {
    const { runner, reports } = watched();

    await runner.run(atRoot(leaveListener));

    expect(places(reports)).toEqual(['listener orders']);
    expect(reports[0]?.startedAt).toMatch(/leaveListener .*development\.test\.ts:\d+:\d+/);
  });

  test('is reported with the path of the child that added it, however it did', async () => {
    const { runner, reports } = watched();
    const ways: Record<string, Step> = {
      listener: leaveListener,
      once: (_item, { signal }) => {
        signal.addEventListener('abort', { handleEvent: () => undefined }, { once: true });
      },
      property: (_item, { signal }) => {
        signal.onabort = () => undefined;
      },
      ofEvents: (_item, { signal }) => {
        addAbortListener(signal, () => undefined);
      },
      waiting: (_item, { signal }) => {
        once(new EventEmitter(), 'never', { signal }).catch(() => undefined);
      },
      ofTheRun: (_item, { run }) => {
        run.signal.addEventListener('abort', () => undefined);
      },
    };

    for (const [name, step] of Object.entries(ways)) await runner.run(nested(step, {}, [1], 1, name));

    expect(places(reports)).toEqual(Object.keys(ways).map((name) => `listener ${name}/validate/check`));
  });

  test('is none on the signal of one item, which ends with the item', async () => {
    const { runner, reports } = watched();

    await runner.run(atRoot(leaveListener, { timeoutMs: 10_000 }, range(1, 10)));

    expect(reports).toEqual([]);
  });
});

describe('the current context, asked for after its execution', () => {
  /** Asks once now, if wanted, and again when the gate is open. */
  const lateAsker = (isAskedBefore: boolean) => {
    const ended = gate();
    const asked = gate<string | undefined>();
    const step: Step = () => {
      if (isAskedBefore) currentContext();
      void ended.opened.then(() => {
        asked.open(currentContext()?.pipelineId);
      });
    };
    return { step, ask: () => (ended.open(), asked.opened) };
  };

  test.each([true, false])(
    'is reported where the run has ended (asked before: %s)',
    async (isAskedBefore) => {
      const { runner, reports } = watched();
      const [atTop, below] = [lateAsker(isAskedBefore), lateAsker(isAskedBefore)];

      const { pipelineId } = await runner.run(atRoot(atTop.step));
      await runner.run(nested(below.step));
      expect(reports).toEqual([]);

      expect(await atTop.ask()).toBe(pipelineId);
      await below.ask();

      expect(places(reports)).toEqual(['ambient orders', 'ambient orders/validate/check']);
      expect(reports[0]?.startedAt).toContain('development.test.ts');
    },
  );

  test.each([true, false])('is reported where the run goes on (asked before: %s)', async (isAskedBefore) => {
    const { runner, reports } = watched();
    const { step, ask } = lateAsker(isAskedBefore);
    const Child = definePipeline<number, unknown>('child', (builder) => {
      const node = builder.addTransform(step, { name: 'node', from: builder.addCompositeInput() });
      builder.connect(node, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, { name: 'child', from: builder.addSource([1], 'source') });
      builder.connect(
        child,
        builder.addSink(async () => {
          await ask();
          requireContext();
        }, 'sink'),
      );
    });

    const { context } = await runner.run(Parent);

    expect(places(reports)).toEqual(['ambient parent/child']);
    // What a result shows is no ambient use.
    expect(context.path).toBe('parent');
    expect(reports).toHaveLength(1);
  });

  test('is reported once, however often a forgotten interval asks', async () => {
    const { runner, reports } = watched();
    const asked = gate();
    let times = 0;

    await runner.run(
      nested(() => {
        const interval = setInterval(() => {
          currentContext();
          times += 1;
          if (times === 5) asked.open();
        }, 1);
        left.push(() => {
          clearInterval(interval);
        });
      }),
    );
    await asked.opened;

    expect(places(reports).sort()).toEqual(['ambient orders/validate/check', 'timer orders/validate/check']);
  });
});

describe('nothing is reported', () => {
  const behaved: Record<string, Step> = {
    'for a timeout that is awaited': () => new Promise((resolve) => setTimeout(resolve, 2)),
    'for a promised timeout that is awaited': () => sleep(2),
    'for an immediate that is awaited': async () => {
      await turn();
      await nextTurn();
    },
    'for promised ticks that are left': async (item) => {
      for await (const _ of ticks(1)) return item;
      return item;
    },
    'for a timer that is cleared in the end': async () => {
      const timer = setTimeout(() => undefined, 60_000);
      try {
        await sleep(1);
      } finally {
        clearTimeout(timer);
      }
    },
    'for timers that are cleared by disposers': (item, context) => {
      const timer = setTimeout(() => undefined, 60_000);
      const interval = setInterval(() => undefined, 1);
      context.onDispose(async () => {
        await sleep(1);
        clearTimeout(timer);
      });
      context.onDispose(() => {
        clearInterval(interval);
      });
      return item;
    },
    'for a timer that is cleared in the turn of the end': (item) => {
      const timer = setTimeout(() => undefined, 60_000);
      queueMicrotask(() => {
        clearTimeout(timer);
      });
      return item;
    },
    'for a timer without reference': (item) => {
      setTimeout(() => undefined, 1).unref();
      setTimeout(() => undefined, 60_000).unref();
      return item;
    },
    'for a listener that is removed': async (item, { signal }) => {
      const listener = (): void => undefined;
      signal.addEventListener('abort', listener);
      signal.addEventListener('abort', listener);
      await nextTurn();
      signal.removeEventListener('abort', listener);
      return item;
    },
    'for a listener property that is null again': async (item, { signal }) => {
      signal.onabort = () => undefined;
      await nextTurn();
      signal.onabort = null;
      return item;
    },
    'for a listener that another signal removes': async (item, { signal }) => {
      const done = new AbortController();
      signal.addEventListener('abort', () => undefined, { signal: done.signal });
      await nextTurn();
      done.abort();
      signal.addEventListener('abort', () => undefined, { signal: done.signal });
      return item;
    },
    'for a disposed listener of events': (item, { signal }) => {
      const listening = addAbortListener(signal, () => undefined);
      listening[Symbol.dispose]();
      return item;
    },
    'for what Node does with a signal': async (item, { signal }) => {
      const emitter = new EventEmitter();
      setImmediate(() => emitter.emit('ready'));
      await once(emitter, 'ready', { signal });
      await sleep(1, undefined, { signal });
      const either = AbortSignal.any([signal, AbortSignal.timeout(60_000)]);
      either.addEventListener('abort', () => undefined);
      return item;
    },
    'for work that is detached': (item) => {
      void runDetached(leaveTimer);
      captureContext().run(leaveTimer);
      return item;
    },
    'for what has a context of its own': async () => {
      await withContext({}, leaveTimer);
    },
    'for a run inside the run': async () => {
      await new PipelineRunner({ development: true }).run(nested(async () => sleep(1)));
    },
  };

  test.each(Object.entries(behaved))('%s', async (_, step) => {
    const { runner, reports } = watched();

    await runner.run(atRoot(step, {}, [1, 2, 3]));
    await runner.run(nested(step, {}, range(1, 6), 3));
    await runner.run(nested(step, { timeoutMs: 5_000, concurrency: 2 }, range(1, 6), 3));

    expect(places(reports)).toEqual([]);
  });

  test('for a request that ends: Node leaves its listener to the garbage collector', async () => {
    const { runner, reports } = watched();
    const server = createServer((_request, response) => response.end('ok')).listen(0);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ask: Step = async (_item, { signal }) =>
      await (await fetch(`http://127.0.0.1:${String(port)}`, { signal })).text();

    await runner.run(nested(ask, {}, [1, 2, 3], 2));
    await runner.run(atRoot(ask, {}, [1, 2, 3]));
    server.closeAllConnections();
    server.close();

    expect(reports).toEqual([]);
  });

  test('for items of a queue, which outlive the run', async () => {
    const { runner, reports } = watched();
    const worked: unknown[] = [];
    const queue = new BackgroundQueue<number>({
      worker: async (item) => {
        await sleep(5);
        worked.push([item, currentContext()?.path]);
      },
    });

    await runner.run(nested((item) => queue.enqueue(item)));
    await queue.close();

    expect(worked).toEqual([[1, 'orders/validate/check']]);
    expect(reports).toEqual([]);
  });

  test('for limits, retries with delays, and cancels, where nodes keep to the signal', async () => {
    const { runner, reports } = watched();
    const hang: Step = (_item, { signal }) => sleep(60_000, undefined, { signal });
    const listen: Step = (_item, { signal }) => aborted(signal);
    const retried = errorPolicy({ then: { retry: { attempts: 3, delay: fixed(2), exhausted: 'skip' } } });
    const failing: Step = async () => {
      await sleep(1);
      throw new Error('no');
    };
    const limited = (step: Step) => {
      const Child = definePipeline<number, unknown>('child', (builder) => {
        const node = builder.addTransform(step, { name: 'node', from: builder.addCompositeInput() });
        builder.connect(node, builder.addCompositeOutput());
      });
      return definePipeline('parent', (builder) => {
        const from = builder.addSource(range(1, 6), 'source');
        const options = { timeoutMs: 5, errorPolicy: retried, concurrency: 3 };
        builder.connect(
          builder.addComposite(Child, { name: 'child', from, ...options }),
          builder.addSink(() => undefined, 'sink'),
        );
      });
    };
    const cancelled: Step = async (item, context) => {
      if (item === 3) context.run.cancel();
      await hang(item, context);
    };

    for (const step of [hang, listen, failing]) {
      await runner.run(atRoot(step, { timeoutMs: 5, errorPolicy: retried, concurrency: 2 }, [1, 2, 3]));
      await runner.run(nested(step, { timeoutMs: 5, errorPolicy: retried }, range(1, 4), 2));
      await runner.run(limited(step));
    }
    for (const run of [
      atRoot(cancelled, { concurrency: 3 }, range(1, 6)),
      nested(cancelled, {}, range(1, 6), 3),
    ])
      await runner.run(run).catch(() => undefined);
    await runner.run(nested(hang, {}, range(1, 6), 3), { run: { timeoutMs: 5 } }).catch(() => undefined);

    expect(reports).toEqual([]);
  });

  test('for observers and disposers that ask for the context at the very end', async () => {
    const asked = new Set<string>();
    const ask = (): void => {
      asked.add(String(currentContext()?.path));
    };
    const { runner, reports } = watched({
      development: true,
      executionObserver: { pipelineCompleted: ask },
    });

    await runner.run(
      nested((item, context) => {
        context.onDispose(async () => {
          await sleep(1);
          ask();
        });
        return item;
      }),
    );

    expect([...asked]).toEqual(['orders/validate/check', 'orders/validate', 'orders']);
    expect(reports).toEqual([]);
  });

  test('for one item, or a stream that is left early', async () => {
    const { runner, reports } = watched();
    const Step = definePipeline<number, number>('step', (builder) => {
      const node = builder.addTransform(async (item: number) => sleep(1, item), {
        name: 'node',
        from: builder.addCompositeInput(),
      });
      builder.connect(node, builder.addCompositeOutput());
    });

    expect(await runner.runItem(Step, 1)).toBe(1);
    for await (const item of runner.stream(Step, range(1, 10))) if (item === 3) break;

    expect(reports).toEqual([]);
  });
});

describe('many runs at once', () => {
  test('each leak is named with the path of its own run, and nothing else is', async () => {
    const { runner, reports } = watched();
    const step =
      (index: number): Step =>
      async (item, context) => {
        await sleep(item);
        if (item === 2 && index % 5 === 0) leaveTimer();
        if (item === 3 && index % 7 === 0) leaveListener(item, context);
        await nextTurn();
        return currentContext()?.path;
      };
    const names = range(1, 50).map((index) => `run${String(index)}`);

    await Promise.all(
      names.map((name, index) =>
        runner.run(
          index % 2 === 0
            ? nested(step(index), {}, range(1, 4), 2, name)
            : atRoot(step(index), { concurrency: 2 }, range(1, 4), name),
        ),
      ),
    );

    const pathOf = (name: string, index: number) => (index % 2 === 0 ? `${name}/validate/check` : name);
    const expected = names.flatMap((name, index) => [
      ...(index % 5 === 0 ? [`timer ${pathOf(name, index)}`] : []),
      ...(index % 7 === 0 ? [`listener ${pathOf(name, index)}`] : []),
    ]);
    expect(places(reports).sort()).toEqual(expected.sort());
  });
});

describe('where it goes', () => {
  /** The warnings of the process while something runs. */
  const warningsDuring = async (work: () => Promise<unknown>): Promise<Error[]> => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => {
      warnings.push(warning);
    };
    const { emitWarning } = process;
    // Not printed, but announced.
    const spy = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    process.on('warning', note);
    try {
      await work();
    } finally {
      process.off('warning', note);
      spy.mockRestore();
    }
    expect(process.emitWarning).toBe(emitWarning);
    return warnings;
  };

  test('without a logger, a warning of the process, before the run has settled', async () => {
    const warnings = await warningsDuring(() =>
      new PipelineRunner({ development: true }).run(nested(leaveTimer)),
    );

    expect(warnings).toMatchObject([{ name: 'HeirlineLeakWarning', code: 'HEIRLINE_LEAK_TIMER' }]);
    expect(warnings[0]?.message).toContain('orders/validate/check');
  });

  test('on where NODE_ENV is development when the runner is made, unless the option says otherwise', async () => {
    vi.stubEnv('NODE_ENV', 'development');
    expect(await warningsDuring(() => runPipeline(atRoot(leaveTimer)))).toHaveLength(1);

    const { runner, reports } = watched({ development: false });
    vi.stubEnv('NODE_ENV', 'production');
    const production = new PipelineRunner();
    vi.stubEnv('NODE_ENV', 'development');

    expect(await warningsDuring(() => production.run(atRoot(leaveTimer)))).toEqual([]);
    await runner.run(atRoot(leaveTimer));
    expect(reports).toEqual([]);
  });

  test('off, nothing of a run is replaced or watched', async () => {
    const isOwn = async (development: boolean): Promise<unknown> => {
      let isReplaced: unknown;
      const look: Step = (_item, { signal }) => {
        isReplaced = Object.hasOwn(signal, 'addEventListener');
      };
      await watched({ development }).runner.run(nested(look));
      return isReplaced;
    };

    expect(await isOwn(false)).toBe(false);
    expect(await isOwn(true)).toBe(true);
  });

  test('an option that is no boolean is refused', () => {
    const { code, message } = errorOf(() => new PipelineRunner({ development: 'yes' as never }));

    expect(code).toBe('OPTION_INVALID');
    expect(message).toContain('development');
  });
});
