import type { ContextFrame } from '../../context/context-frame.js';
import type { ItemTrace } from '../../lineage/item-trace.js';

/** Joins an item to its child: made where the item is traced, has a turn, or is not the child's own item. */
export class ItemLink<TTurn> {
  /** Follows the item in the child; undefined where the child's lineage is not inherited. */
  readonly inner: ItemTrace | undefined;
  readonly hopsBefore: number;

  constructor(
    /** The item as the composite got it. */
    readonly item: unknown,
    /** The item as the child gets it. */
    readonly input: unknown,
    child: ContextFrame,
    /** Follows the item in the parent. */
    readonly trace: ItemTrace | undefined,
    /** Lets outputs leave in the item's turn. */
    readonly turn: TTurn | undefined,
  ) {
    this.inner = child.services.lineageSink === undefined ? undefined : trace?.descend();
    this.hopsBefore = trace?.hops.length ?? 0;
  }
}
