import type { ContextFrame } from '../context/context-frame.js';
import type { LineageError, LineageOutcome } from '../ports/lineage-sink.js';
import type { ShownItem } from './item-payload.js';
import type { Work } from './record-writer.js';
import { Step } from './step.js';
import { InnerItem } from './traced-item.js';
import type { TracedItem } from './traced-item.js';
import type { ItemEnd } from './item-end.js';
import type { TracedPlace, TracedSite } from './traced-place.js';
import type { Way } from './way.js';

/** Stands for one output that nobody knows. */
export const UNKNOWN_OUTPUT: unique symbol = Symbol('unknown output');

/** Follows an item in the child of a composite. */
export type InnerTrace = ItemTrace<InnerItem>;

/** Follows one branch of an item. What its methods give settles once the sink has room for the record. */
export class ItemTrace<TItem extends TracedItem = TracedItem> {
  private value: unknown;
  /** What the record shows of the item, if that was settled before the end. */
  private shown: ShownItem | undefined;

  /** @param value the item as it is here; kept only where records show items. */
  constructor(
    readonly item: TItem,
    private passedWay: Way,
    value: unknown,
  ) {
    this.value = item.keeper.payload.isKept ? value : undefined;
    this.shown = undefined;
    item.latest = this;
  }

  get correlationId(): string {
    return this.item.id;
  }

  /** Whether it follows the item in the child of a composite. */
  get isInner(): boolean {
    return this.item.isInner;
  }

  /** The nodes passed so far. */
  get way(): Way {
    return this.passedWay;
  }

  /**
   * Notes a node that the item passed.
   *
   * @param output what came out, if that is one item.
   * @param inputs how many items it was made of, at the node that made it.
   */
  pass(
    site: TracedSite,
    frame: ContextFrame,
    outputs: number,
    attempts: number,
    output?: unknown,
    inputs = 1,
  ): Work {
    const { keeper } = this.item;
    const way = this.passedWay.past(keeper.steps, site, frame, outputs, attempts, inputs);
    this.passedWay = way;
    return keeper.isBrief ? undefined : this.#passed(way.step, output);
  }

  /** Goes on in one more branch. */
  fork(value: unknown = this.value): ItemTrace {
    this.item.split(1);
    return new ItemTrace(this.item, this.passedWay, value);
  }

  /** Ends this branch. */
  end(
    outcome: LineageOutcome,
    site: TracedSite,
    frame: ContextFrame,
    attempts: number,
    error?: LineageError,
  ): Work {
    const last = this.passedWay.step?.place;
    const place =
      last?.site === site && last.frame === frame ? last : this.item.keeper.steps.placeAt(site, frame);
    return this.endAs(this.endAt(outcome, place, attempts, error));
  }

  /** How this branch would end at a place. */
  endAt(outcome: LineageOutcome, place: TracedPlace, attempts: number, error?: LineageError): ItemEnd {
    const { passedWay: way, value, shown } = this;
    return { outcome, place, attempts, way, error, value, shown };
  }

  /** Ends this branch, perhaps as one in a child has ended. */
  endAs(end: ItemEnd): Work {
    const { item } = this;
    return item.isEndedBy(end.outcome) ? item.end(this.#shown(end)) : item.release();
  }

  /** Ends this branch, which others have followed. */
  leave(): Work {
    return this.item.release();
  }

  /** Ends all branches of the item here: the run is over. */
  drop(site: TracedSite, frame: ContextFrame): Work {
    this.item.prune();
    return this.end('dropped', site, frame, 1);
  }

  /** Has the record show the item as it is here, whenever the branch ends, and lets go of the item itself. */
  settle(): void {
    const { payload } = this.item.keeper;
    if (!payload.isKept || this.shown !== undefined || this.isInner) return;
    this.shown = payload.end(this.value);
    this.value = undefined;
  }

  /** Follows the item into the child of a composite. */
  enter(site: TracedSite, frame: ContextFrame, input: unknown): InnerTrace {
    const entrance = new Step(this.item.keeper.steps.placeAt(site, frame), 1, 1, 1);
    const start = this.passedWay.into(entrance);
    return new ItemTrace(new InnerItem(this.item, entrance, start), start, input);
  }

  /**
   * Goes on behind a composite whose child has succeeded.
   *
   * @param inner what followed the item into the child.
   * @param branch the branch that came out of it; undefined where none did, or nobody followed it.
   * @param output what came out, if that is one item.
   */
  passComposite(
    { item: inner }: InnerTrace,
    branch: ItemTrace | undefined,
    outputs: number,
    attempts: number,
    output: unknown,
  ): Work {
    const step = inner.conclude(outputs, attempts);
    const { ending } = inner;
    if (ending !== undefined && this.item.isEndedBy(ending.outcome)) this.item.note(this.#shown(ending));
    this.passedWay = branch?.item === inner ? branch.passedWay : inner.start;
    return this.item.keeper.isBrief ? undefined : this.#passed(step, output);
  }

  /** In a child it is not known yet whether an end counts: a composite may try again. */
  #shown(end: ItemEnd): ItemEnd {
    const { payload } = this.item.keeper;
    if (!payload.isKept || end.shown !== undefined || this.isInner) return end;
    return { ...end, shown: payload.end(end.value) };
  }

  #passed(step: Step | undefined, output: unknown): Work {
    const { item, value: input } = this;
    const { payload, writesPassed } = item.keeper;
    const isOne = step?.outputs === 1 && output !== UNKNOWN_OUTPUT;
    if (isOne && payload.isKept) this.value = output;
    if (!writesPassed || step === undefined) return undefined;
    return item.passed({
      step,
      at: item.keeper.now(),
      input: payload.shown(input),
      output: isOne ? payload.shown(output) : undefined,
    });
  }
}
