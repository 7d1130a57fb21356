import { AsyncLocalStorage } from 'node:async_hooks';
import { NoContextError } from '../errors/no-context-error.js';
import type { PipelineContext } from './pipeline-context.js';

/** What is current: whoever can show a context. An execution makes it only when somebody asks. */
export interface ContextHolder {
  readonly context: PipelineContext;
}

/** One slot per process: two copies of the library share it. It holds the storage and nothing else. */
const slot = Symbol.for('heirline.ambient.v1');

const storage = (Reflect.get(globalThis, slot) ??
  new AsyncLocalStorage()) as AsyncLocalStorage<ContextHolder>;
Reflect.set(globalThis, slot, storage);

/** The context of the execution whose code is running; undefined outside of any. */
export function currentContext(): PipelineContext | undefined {
  return storage.getStore()?.context;
}

/**
 * The context of the execution whose code is running.
 *
 * @throws {@link NoContextError} `NO_CONTEXT` where no pipeline runs.
 */
export function requireContext(): PipelineContext {
  const context = currentContext();
  if (context === undefined) throw new NoContextError();
  return context;
}

/** Calls a function in a context: it, and all that it awaits, see that context as the current one. */
export function runInContext<TArguments extends unknown[], TResult>(
  holder: ContextHolder,
  fn: (...args: TArguments) => TResult,
  ...args: TArguments
): TResult {
  return storage.run(holder, fn, ...args);
}
