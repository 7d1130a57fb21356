import type { RunCancelledError } from '../errors/run-cancelled-error.js';

/** What a wait needs to know of the scope it is in: whether it has ended, and when it does. */
export interface EndingScope {
  /** Why it has ended, undefined while it has not. */
  readonly reason: RunCancelledError | undefined;
  /** Calls back once when it ends; gives the function that stops watching. */
  watch(watcher: () => void): () => void;
}
