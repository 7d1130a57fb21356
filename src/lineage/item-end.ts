import type { LineageError, LineageOutcome } from '../ports/lineage-sink.js';
import type { TracedPlace } from './traced-place.js';
import type { Way } from './way.js';

/** How one branch of an item ended. */
export interface ItemEnd {
  readonly outcome: LineageOutcome;
  readonly place: TracedPlace;
  readonly attempts: number;
  /** The nodes that the branch passed. */
  readonly way: Way;
  /** Why it ended so, where an error is the reason. */
  readonly error: LineageError | undefined;
  readonly key: string | undefined;
  /** The item as it ended, redacted; undefined where records keep nothing of items. */
  readonly output: unknown;
}
