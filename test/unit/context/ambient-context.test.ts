import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test, vi } from 'vitest';
import {
  currentContext,
  currentHolder,
  requireContext,
  runInContext,
  timerWatch,
} from '../../../src/context/ambient-context.js';
import { PipelineContext } from '../../../src/context/pipeline-context.js';
import { NoContextError } from '../../../src/errors/no-context-error.js';

const slot = Symbol.for('heirline.ambient.v1');

describe('the current context', () => {
  test('is absent outside, and requiring it there is an error', () => {
    expect(currentContext()).toBeUndefined();
    expect(requireContext).toThrow(NoContextError);
  });

  test('is seen by a function and all that it awaits, and not after it', async () => {
    const context = new PipelineContext();
    const seen = runInContext({ context }, async () => {
      await Promise.resolve();
      return requireContext();
    });

    expect(currentContext()).toBeUndefined();
    expect(await seen).toBe(context);
  });

  test('passes arguments and gives the result', () => {
    expect(runInContext({ context: new PipelineContext() }, (a: number, b: number) => a + b, 1, 2)).toBe(3);
  });

  test('is given back when functions in contexts are nested, also by one that throws', () => {
    const [outer, inner] = [new PipelineContext(), new PipelineContext()];
    runInContext({ context: outer }, () => {
      expect(() =>
        runInContext({ context: inner }, () => {
          throw new RangeError(currentContext() === inner ? 'inner' : 'other');
        }),
      ).toThrow(/^inner$/);
      expect(currentContext()).toBe(outer);
    });
  });
});

describe('the ambient slot', () => {
  test('holds the storage and nothing else', () => {
    expect(Reflect.get(globalThis, slot)).toBeInstanceOf(AsyncLocalStorage);
  });

  test('is shared by a second copy of the library', async () => {
    vi.resetModules();
    const copy = await import('../../../src/context/ambient-context.js');
    const context = new PipelineContext();

    expect(copy.currentContext).not.toBe(currentContext);
    expect(runInContext({ context }, () => copy.currentContext())).toBe(context);
  });
});

describe('who is current', () => {
  test('is known without being asked for a context', () => {
    const holder = {
      get context(): PipelineContext {
        throw new TypeError('asked');
      },
    };

    expect(currentHolder()).toBeUndefined();
    expect(runInContext(holder, currentHolder)).toBe(holder);
  });
});

describe('a watch over timers', () => {
  const holder = { context: new PipelineContext() };

  /** What a watch is told: `made` or `fires`, and of which timer. */
  function watched() {
    const told: [string, object][] = [];
    const timers = new Set<object>();
    const watch = timerWatch({
      made: (timer, by) => {
        expect(by).toBe(holder);
        timers.add(timer);
        told.push(['made', timer]);
      },
      fires: (resource) => {
        if (timers.has(resource)) told.push(['fires', resource]);
      },
    });
    return { watch, told };
  }

  test('is told of timers and immediates that are made in a context, and when they fire', async () => {
    const { watch, told } = watched();
    watch.enable();
    setTimeout(() => undefined);
    const timers = await runInContext(holder, async () => {
      const interval = setInterval(() => undefined, 60_000);
      const made: object[] = [interval];
      await new Promise<void>((resolve) => made.push(setTimeout(resolve)));
      await new Promise<void>((resolve) => made.push(setImmediate(resolve)));
      clearInterval(interval);
      return made;
    });
    watch.disable();

    const [interval, timeout, immediate] = timers;
    expect(told.map(([event, timer]) => [event, timers.indexOf(timer)])).toEqual([
      ['made', 0],
      ['made', 1],
      ['fires', 1],
      ['made', 2],
      ['fires', 2],
    ]);
    expect(new Set([interval, timeout, immediate]).size).toBe(3);
  });

  test('is told of nothing before it is enabled, nor after it is disabled', async () => {
    const { watch, told } = watched();
    const wait = () => runInContext(holder, () => new Promise((resolve) => setTimeout(resolve)));

    await wait();
    watch.enable();
    watch.disable();
    await wait();

    expect(told).toEqual([]);
  });
});
