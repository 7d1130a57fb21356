import { AsyncLocalStorage } from 'node:async_hooks';
import { NoContextError } from '../errors/no-context-error.js';
import type { PipelineContext } from './pipeline-context.js';

/** One slot per process: two copies of the library share it. It holds the storage and nothing else. */
const slot = Symbol.for('heirline.ambient.v1');

const storage = (Reflect.get(globalThis, slot) ??
  new AsyncLocalStorage()) as AsyncLocalStorage<PipelineContext>;
Reflect.set(globalThis, slot, storage);

/** The context of the execution whose code is running; undefined outside of any. */
export function currentContext(): PipelineContext | undefined {
  return storage.getStore();
}

/**
 * The context of the execution whose code is running.
 *
 * @throws {@link NoContextError} `NO_CONTEXT` where no pipeline runs.
 */
export function requireContext(): PipelineContext {
  const context = storage.getStore();
  if (context === undefined) throw new NoContextError();
  return context;
}

/** Calls a function in a context: it, and all that it awaits, see that context as the current one. */
export function runInContext<TArguments extends unknown[], TResult>(
  context: PipelineContext,
  fn: (...args: TArguments) => TResult,
  ...args: TArguments
): TResult {
  return storage.run(context, fn, ...args);
}
