import { AsyncLocalStorage } from 'node:async_hooks';

/** Hears of what a timer has thrown that was set while its own code ran. */
export interface TimerOwner {
  /** Fails an execution by what a timer of its code has thrown. Absent where nothing is executed. */
  timerThrew?(thrown: unknown, path: string): void;
}

/** One slot per process: two copies of the library share it. It holds the storage and nothing else. */
const slot = Symbol.for('heirline.ambient.v1');

/** Holds what is current; see `ambient-context.ts`. */
export const ambientSlot = (Reflect.get(globalThis, slot) ??
  new AsyncLocalStorage()) as AsyncLocalStorage<TimerOwner>;
Reflect.set(globalThis, slot, ambientSlot);
