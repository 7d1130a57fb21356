import type { RunCancelledError } from '../../errors/run-cancelled-error.js';
import type { Clock } from '../../ports/clock.js';

/** The part of a cancel scope that waiting code needs: its end and its clock. */
export interface EndingScope {
  /** The reason of the scope's end; undefined before it. */
  readonly reason: RunCancelledError | undefined;
  /** The clock of the scope. */
  readonly clock: Clock;
  /** Calls a function once when the scope ends; returns the function that stops watching. */
  watch(watcher: () => void): () => void;
}
