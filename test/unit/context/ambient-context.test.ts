import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test, vi } from 'vitest';
import { currentContext, requireContext, runInContext } from '../../../src/context/ambient-context.js';
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
