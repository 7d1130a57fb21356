import { setTimeout as sleep } from 'node:timers/promises';
import {
  RunManager,
  errorPolicy,
  type PipelineBuilder,
  type PipelineContext,
  type RunEvent,
  type RunManagerOptions,
} from 'heirline';
import { onTestFinished } from 'vitest';
import { aborted } from './harness.js';

/** A manager that is closed when the test has finished. */
export function newManager(options: RunManagerOptions = {}): RunManager {
  const manager = new RunManager(options);
  onTestFinished(async () => {
    await manager.close({ timeoutMs: 200 });
  });
  return manager;
}

/** A pipeline of one step. */
export function work(step: (context: PipelineContext) => unknown, name = 'Work'): new () => Definition {
  class Work {
    static readonly pipeline = { name };
    define(builder: PipelineBuilder): void {
      const once = builder.addSource([1], 'once');
      builder.addSink((_item: number, context: PipelineContext) => step(context), {
        name: 'step',
        from: once,
      });
    }
  }
  return Work;
}

interface Definition {
  define(builder: PipelineBuilder): void;
}

/** A pipeline that runs until it is let go, and ends at once when it is cancelled. */
export function gated(name = 'Gated'): {
  readonly definition: new () => Definition;
  readonly open: () => void;
  /** How many have begun, and how many have gone through. */
  readonly seen: { begun: number; through: number };
} {
  const seen = { begun: 0, through: 0 };
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const definition = work(async ({ signal }) => {
    seen.begun += 1;
    await Promise.race([opened, aborted(signal)]);
    signal.throwIfAborted();
    seen.through += 1;
  }, name);
  return { definition, open, seen };
}

/** A pipeline that fails so many items, each of which is an event or two, and waits before each. */
export function noisy(items: number, waitMs = 0): new () => Definition {
  return class Noisy {
    define(builder: PipelineBuilder): void {
      const numbers = builder.addSource(Array.from({ length: items }).keys(), 'numbers');
      const refuse = (): unknown => {
        if (waitMs > 0) return sleep(waitMs).then(() => Promise.reject(new Error('no')));
        throw new Error('no');
      };
      builder.addSink(refuse, { name: 'refuse', from: numbers, errorPolicy: errorPolicy({ then: 'skip' }) });
    }
  };
}

/** Waits until something is so. */
export async function until(isSo: () => boolean | Promise<boolean>, what = 'it'): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await isSo()) return;
    await sleep(4);
  }
  throw new Error(`${what} was not so after two seconds`);
}

/** All events, or the first so many. */
export async function collect(events: AsyncIterable<RunEvent>, most = Infinity): Promise<RunEvent[]> {
  const all: RunEvent[] = [];
  if (most === 0) return all;
  for await (const event of events) {
    all.push(event);
    if (all.length >= most) break;
  }
  return all;
}

/** What a promise rejects with. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<{ readonly code?: string; readonly name: string }> {
  try {
    await promise;
  } catch (error) {
    return error as { readonly code?: string; readonly name: string };
  }
  throw new Error('it did not reject');
}
