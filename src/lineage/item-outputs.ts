import type { ContextFrame } from '../context/context-frame.js';
import { FirstOutput } from './first-output.js';
import { ItemTrace } from './item-trace.js';
import type { InnerTrace } from './item-trace.js';

import type { Work } from './record-writer.js';
import { TracedItem } from './traced-item.js';
import type { TracedSite } from './traced-place.js';

/**
 * Follows the outputs of a composite under `many` for one item.
 *
 * Two or more are items of their own, made of the item that the composite took. In the child of another composite, where
 * that item alone is followed, they are branches of it.
 */
export class ItemOutputs {
  #count = 0;
  /** The first output, while the child may give a second one. */
  #first: FirstOutput | undefined;
  #firstBranch: ItemTrace | undefined;
  #latestBranch: ItemTrace | undefined;

  constructor(
    private readonly site: TracedSite,
    private readonly frame: ContextFrame,
    /** The item that the composite took. */
    private readonly trace: ItemTrace,
    private readonly inner: InnerTrace | undefined,
    /** True if it is known that there are two outputs or more. */
    private readonly isMany: boolean,
  ) {}

  /** What has followed the latest output out of the child. */
  get latestBranch(): ItemTrace | undefined {
    return this.#latestBranch;
  }

  /**
   * Follows the next output.
   *
   * @param branch what has followed it out of the child.
   */
  next(value: unknown, branch: ItemTrace | undefined): ItemTrace {
    this.#count += 1;
    this.#latestBranch = branch;
    const { item } = this.trace;
    if (item.isInner) {
      item.split(1);
      return new ItemTrace(item, (branch ?? this.inner ?? this.trace).way, value);
    }
    if (this.#count > 1) void this.#first?.beOwn();
    else if (!this.isMany) {
      this.#firstBranch = branch;
      return this.#made((this.#first = new FirstOutput(item)), value);
    }
    const contributors = Object.freeze({ ids: Object.freeze([item.id]), count: 1 });
    return this.#made(new TracedItem(item.keeper, item.nextPart(), contributors), value);
  }

  #made(item: TracedItem, value: unknown): ItemTrace {
    const { keeper } = item;
    keeper.opened(item);
    item.input = keeper.payload.shown(value);
    const trace = new ItemTrace(item, keeper.start, value);
    void trace.pass(this.site, this.frame, 1, 1, value);
    return trace;
  }

  /** No output follows: a single one is still the item that the composite took. */
  settle(): Work {
    if (this.#count !== 1) return undefined;
    const way = (this.#firstBranch ?? this.inner)?.way;
    return way && this.#first?.beSame(this.trace.item, way);
  }

  /** Ends the way of the item that the composite took: its outputs go on. */
  end(attempts: number): Work {
    const { trace } = this;
    const isFollowed = trace.isInner || (this.#count === 1 && this.#first?.isOwn !== true);
    return isFollowed ? trace.leave() : trace.end('emitted', this.site, this.frame, attempts);
  }
}
