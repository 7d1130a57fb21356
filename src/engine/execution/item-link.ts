import type { ContextFrame } from '../../context/context-frame.js';
import type { ItemTrace } from '../../lineage/item-trace.js';

/** Links a composite's item to its child execution. Made only if the item is traced, waits for a turn, or is mapped. */
export class ItemLink<TTurn> {
  /** The item's trace inside the child; undefined if the child does not inherit the lineage sink. */
  readonly inner: ItemTrace | undefined;
  readonly hopsBefore: number;

  constructor(
    /** The item that the composite received. */
    readonly item: unknown,
    /** The item that the child receives. */
    readonly input: unknown,
    child: ContextFrame,
    /** The item's trace in the parent. */
    readonly trace: ItemTrace | undefined,
    /** Sends the child's outputs on when it is this item's turn. */
    readonly turn: TTurn | undefined,
  ) {
    this.inner = child.services.lineage === undefined ? undefined : trace?.descend();
    this.hopsBefore = trace?.hops.length ?? 0;
  }
}
