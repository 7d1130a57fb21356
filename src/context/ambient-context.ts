import { AsyncLocalStorage, createHook, executionAsyncResource } from 'node:async_hooks';
import { NoContextError } from '../errors/no-context-error.js';
import { ambientSlot } from './ambient-slot.js';
import type { TimerOwner } from './ambient-slot.js';
import type { PipelineContext } from './pipeline-context.js';

/** Shows the current context. An execution makes its context only when that is asked for. */
export interface ContextHolder extends TimerOwner {
  readonly context: PipelineContext;
}

const storage = ambientSlot as AsyncLocalStorage<ContextHolder>;

/**
 * The context of the execution whose code is running; undefined outside of any.
 *
 * @example
 * {@includeCode ../../examples/api/current-context.ts}
 */
export function currentContext(): PipelineContext | undefined {
  return storage.getStore()?.context;
}

/**
 * The context of the execution whose code is running.
 *
 * @throws {@link NoContextError} `NO_CONTEXT` where no pipeline runs.
 *
 * @example
 * {@includeCode ../../examples/api/current-context.ts}
 */
export function requireContext(): PipelineContext {
  const context = currentContext();
  if (context === undefined) throw new NoContextError();
  return context;
}

/** The current holder of a context; unlike {@link currentContext} it makes nothing. */
export function currentHolder(): ContextHolder | undefined {
  return storage.getStore();
}

/** A timer of `setTimeout` or `setInterval`, or an immediate. */
export type AnyTimer = NodeJS.Timeout | NodeJS.Immediate;

/** Is told of timers. It must not throw: that would end the process. */
export interface TimerWatcher {
  /** One is made while somebody is current. */
  made(timer: AnyTimer, holder: ContextHolder): void;
  /** Something is about to be called back, a timer or anything else. */
  fires(resource: object): void;
}

/** Makes a watch over all timers of the process; until it is enabled it costs nothing. */
export function timerWatch(watcher: TimerWatcher): { enable(): unknown; disable(): unknown } {
  return createHook({
    init(_id, type, _trigger, resource) {
      if (type !== 'Timeout' && type !== 'Immediate') return;
      const holder = storage.getStore();
      if (holder !== undefined) watcher.made(resource as AnyTimer, holder);
    },
    before() {
      watcher.fires(executionAsyncResource());
    },
  });
}

/** Calls a function in a context: it, and all that it awaits, see that context as the current one. */
export function runInContext<TArguments extends unknown[], TResult>(
  holder: ContextHolder,
  fn: (...args: TArguments) => TResult,
  ...args: TArguments
): TResult {
  return storage.run(holder, fn, ...args);
}

/** Calls a function under all the async-local state that was captured: ours, and that of other libraries. */
export type AmbientSnapshot = <TArguments extends unknown[], TResult>(
  fn: (...args: TArguments) => TResult,
  ...args: TArguments
) => TResult;

/** Captures all async-local state as it is now, with another current context, or none, in place of ours. */
export function captureAmbient(holder: ContextHolder | undefined): AmbientSnapshot {
  // So that what is captured does not hold the execution around it.
  return holder === undefined
    ? storage.exit(() => AsyncLocalStorage.snapshot())
    : storage.run(holder, () => AsyncLocalStorage.snapshot());
}

/** As it was when the library was loaded: no context of ours, and in a process that loads it at its start nothing else. */
const outside: AmbientSnapshot = captureAmbient(undefined);

/** Calls a function outside of everything that is current here. */
export const runOutside: AmbientSnapshot = (fn, ...args) => outside(fn, ...args);

/** Stands for one call of a queue's worker: known to all that the call does and awaits. */
export interface QueueWork {
  readonly queue: object;
  /** False once the call has ended: what it left behind may wait for the queue. */
  isUnderWay: boolean;
}

// Beside the slot, which holds contexts alone; a queue is one copy's of the library.
const queueWork = new AsyncLocalStorage<QueueWork>();

/** Calls a function as the work of a queue. */
export function runAsQueueWork<TResult>(work: QueueWork, fn: () => TResult): TResult {
  return queueWork.run(work, fn);
}

/** The call of a queue's worker in which this code runs; undefined outside of any. */
export function currentQueueWork(): QueueWork | undefined {
  return queueWork.getStore();
}
