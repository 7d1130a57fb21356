import { isOpen } from '../runs/run-status.js';
import type { StoredRun } from './run-row.js';

/** More are not remembered. */
const MOST_RUNS = 1000;

/**
 * Open runs as this process saw them last, so that a change need not read the row first.
 *
 * Any of them may be out of date. That does no harm: what is decided by such a row is not written, since the revision or
 * the token in the database is another by then.
 */
export class RecentRuns {
  readonly #runs = new Map<string, StoredRun>();

  /** The run as it was seen last. */
  get(runId: string): StoredRun | undefined {
    return this.#runs.get(runId);
  }

  /** Remembers what is stored of an open run; only what is stored for certain, after the end of the transaction. */
  keep(run: StoredRun): void {
    const { runId, status } = run.record;
    this.#runs.delete(runId);
    if (isOpen(status)) this.#runs.set(runId, run);
    if (this.#runs.size <= MOST_RUNS) return;
    const [eldest] = this.#runs.keys();
    if (eldest !== undefined) this.#runs.delete(eldest);
  }
}
