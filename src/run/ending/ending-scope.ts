import type { RunCancelledError } from '../../errors/run-cancelled-error.js';
import type { Clock } from '../../ports/clock.js';

/** What a wait needs to know of the scope it is in: whether it has ended, when it does, and what time it is there. */
export interface EndingScope {
  /** Why it has ended, undefined while it has not. */
  readonly reason: RunCancelledError | undefined;
  /** What the time is told by. */
  readonly clock: Clock;
  /** Calls back once when it ends; gives the function that stops watching. */
  watch(watcher: () => void): () => void;
}
