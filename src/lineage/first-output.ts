import { allOf } from './record-writer.js';
import type { Work } from './record-writer.js';
import { TracedItem } from './traced-item.js';
import type { Contributors, PassedNode } from './traced-item.js';
import type { ItemEnd } from './item-end.js';
import type { Way } from './way.js';

/**
 * The first output of an item under `many`, while the child may give a second.
 *
 * With a second it is an item of its own, without one it is still the item that the composite took. Its records wait
 * until that is known.
 */
export class FirstOutput extends TracedItem {
  /** The item that it still is, and the way of that up to here. */
  #same: { readonly item: TracedItem; readonly way: Way } | undefined;
  #isOwn = false;
  #own = '';
  #passed: PassedNode[] = [];
  #ended: ItemEnd | undefined;

  /** @param origin the item that the composite took. */
  constructor(private readonly origin: TracedItem) {
    super(origin.keeper, '', undefined);
  }

  /** An id that somebody knows cannot change: whoever asks for it decides that this is an item of its own. */
  override get id(): string {
    if (this.#same !== undefined) return this.#same.item.id;
    if (!this.#isOwn) void this.beOwn();
    return this.#own;
  }

  override get contributors(): Contributors {
    return Object.freeze({ ids: Object.freeze([this.origin.id]), count: 1 });
  }

  /** Whether it is an item of its own. */
  get isOwn(): boolean {
    return this.#isOwn;
  }

  /** A second output has come. */
  beOwn(): Work {
    if (this.#isOwn || this.#same !== undefined) return undefined;
    this.#isOwn = true;
    this.#own = this.origin.nextPart();
    return this.#catchUp();
  }

  /**
   * No second output has come: it is a branch of the item that the composite took.
   *
   * @param way the way of that item up to here, the composite included.
   */
  beSame(item: TracedItem, way: Way): Work {
    if (this.#isOwn) return undefined;
    this.#same = { item, way };
    item.split(1);
    this.keeper.left(this);
    // That item has passed the composite itself.
    this.#passed.shift();
    return this.#catchUp();
  }

  override passed(node: PassedNode): Work {
    if (this.#same !== undefined) return this.#same.item.passed(node);
    if (this.#isOwn) return super.passed(node);
    this.#passed.push(node);
    return undefined;
  }

  protected override close(end: ItemEnd | undefined): Work {
    if (this.#same !== undefined) return this.#closeSame(this.#same, end);
    if (this.#isOwn) return super.close(end);
    this.#ended = end;
    return undefined;
  }

  #closeSame(
    { item, way }: { readonly item: TracedItem; readonly way: Way },
    end: ItemEnd | undefined,
  ): Work {
    return end === undefined || !item.isEndedBy(end.outcome)
      ? item.release()
      : item.end({ ...end, way: way.followedBy(end.way) });
  }

  /** Writes what has waited. */
  #catchUp(): Work {
    const passed = this.#passed;
    this.#passed = [];
    const written = passed.map((node) => this.passed(node));
    return allOf([...written, this.isClosed ? this.close(this.#ended) : undefined]);
  }
}
