import { Fifo } from '../data/fifo.js';
import type { Origin } from '../nodes/flow-operator.js';

/** An item that has come by one input, and waits for what comes by others. */
export interface WaitingItem {
  readonly item: unknown;
  readonly origin: Origin;
  /** What it is sorted by, where that matters. */
  readonly key: number | bigint | string | undefined;
  /** True once it has left, and the stages behind are done with it. */
  isTaken: boolean;
  /** Lets who brought it go on; undefined where nobody waits. */
  taken: (() => void) | undefined;
}

/** The items of one input, first in first out. */
export class RowQueue extends Fifo<WaitingItem> {
  /** True once no more items come. */
  isEnded = false;
}
