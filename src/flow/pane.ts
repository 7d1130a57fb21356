import { TakenItems } from '../nodes/flow-operator.js';
import type { MadeOf, Origin } from '../nodes/flow-operator.js';
import type { FlowKey } from '../nodes/flow-key.js';

/** What a kind of windows keeps of its items, and gives when one leaves. */
export interface Gathering {
  /** What a window holds before its first item. */
  begin(): unknown;
  /** What it holds with one more item. Changes nothing that is seen, since it may throw. */
  step(held: unknown, item: unknown): unknown;
  /** Notes an item that {@link step} has taken; never throws. */
  keep(held: unknown, item: unknown): void;
  /** What one window holds in place of two. Changes nothing that is seen, since it may throw. */
  merge(earlier: unknown, later: unknown): unknown;
  /** What leaves; may throw. */
  result(pane: Pane): unknown;
}

/** A window that is open. */
export class Pane {
  /** Items that leave with this window: those of which no earlier one was open. */
  readonly own = new TakenItems();
  /** All items; the same where windows do not overlap. */
  readonly all: TakenItems;

  /**
   * @param place the how manieth item was the first.
   * @param start undefined for a window of a number of items.
   */
  constructor(
    readonly key: FlowKey,
    public place: number,
    public start: number | undefined,
    public end: number | undefined,
    public held: unknown,
    overlaps: boolean,
  ) {
    this.all = overlaps ? new TakenItems() : this.own;
  }

  /** @param isFirst true if no earlier window with this item is open. */
  note(origin: Origin, isFirst: boolean): void {
    if (isFirst) this.own.add(origin);
    if (this.all !== this.own) this.all.add(origin);
  }

  /** Makes it reach from one time to another, if it does not. */
  widen(start: number, end: number): void {
    this.start = Math.min(this.start ?? start, start);
    this.end = Math.max(this.end ?? end, end);
  }

  /** Takes over the time and the items of a window that this one replaces. */
  takeOver(other: Pane): void {
    this.place = Math.min(this.place, other.place);
    this.widen(other.start ?? Infinity, other.end ?? -Infinity);
    this.own.addAll(other.own);
  }

  /** What it leaves with. */
  madeOf(): MadeOf {
    const own = this.own.take();
    return this.all === this.own ? own : { ...own, from: this.all.take() };
  }
}

/** Whether one of two windows that are due leaves first: the one that begins earlier, or whose first item came earlier. */
export function leavesBefore(one: Pane, other: Pane): boolean {
  const [start, otherStart] = [one.start ?? 0, other.start ?? 0];
  return start === otherStart ? one.place < other.place : start < otherStart;
}
