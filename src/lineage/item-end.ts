import type { LineageError, LineageOutcome } from '../ports/lineage-sink.js';
import type { ShownItem } from './item-payload.js';
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
  /** The item as it ended; undefined where records show nothing of items. */
  readonly value: unknown;
  /** What the record shows of it; made once it is known that this end counts. */
  readonly shown: ShownItem | undefined;
}
