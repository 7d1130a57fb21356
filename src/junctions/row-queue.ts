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
export class RowQueue {
  /** True once no more items come. */
  isEnded = false;
  #items: WaitingItem[] = [];
  #first = 0;

  get size(): number {
    return this.#items.length - this.#first;
  }

  get head(): WaitingItem | undefined {
    return this.#items[this.#first];
  }

  add(item: WaitingItem): void {
    this.#items.push(item);
  }

  take(): WaitingItem | undefined {
    const { head } = this;
    if (head === undefined) return undefined;
    this.#first += 1;
    // The places of those taken are given back in one go.
    if (this.#first > 1_000 && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return head;
  }

  /** Takes all that wait. */
  takeAll(): readonly WaitingItem[] {
    const items = this.#items.slice(this.#first);
    this.#items = [];
    this.#first = 0;
    return items;
  }
}
