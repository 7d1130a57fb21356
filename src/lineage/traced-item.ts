import type { ContextFrame } from '../context/context-frame.js';
import type { LineageOutcome } from '../ports/lineage-sink.js';
import type { ItemPayload } from './item-payload.js';
import type { KnownSteps } from './known-steps.js';
import type { Step } from './step.js';
import type { TracedSite } from './traced-place.js';
import type { ItemEnd } from './item-end.js';
import type { Way } from './way.js';
import type { Work } from './record-writer.js';

/** The items that an item was made of. */
export interface Contributors {
  /** The ids of those that are followed. */
  readonly ids: readonly string[];
  /** How many there were, followed or not. */
  readonly count: number;
}

/** What a record says of a node that an item has passed. */
export interface PassedNode {
  readonly step: Step;
  readonly at: number;
  /** What went in and what came out, redacted; undefined where records keep nothing of items. */
  readonly input: unknown;
  readonly output: unknown;
}

/** Writes the records of items. */
export interface ItemKeeper {
  readonly steps: KnownSteps;
  readonly payload: ItemPayload;
  /** True with `capture: 'all'`. */
  readonly writesPassed: boolean;
  /** True if nothing happens at a node that an item passes: no record is written, and none shows items. */
  readonly isBrief: boolean;
  /** The way of an item that has passed nothing. */
  readonly start: Way;
  /** The time on the clock of the run. */
  now(): number;
  /** Writes that an item has passed a node. */
  passed(item: TracedItem, passed: PassedNode): Work;
  /** Notes an item that has not ended. */
  opened(item: TracedItem): void;
  /** Lets go of an item, whose record somebody else writes. */
  left(item: TracedItem): void;
  /** Writes how an item ended. */
  closed(item: TracedItem, end: ItemEnd): Work;
}

/** What follows one branch of an item. */
interface FollowedBranch {
  /** Ends all branches of the item here: the run is over. */
  drop(site: TracedSite, frame: ContextFrame): Work;
}

/** The outcomes by weight: where an item was split, the weightiest end of its branches is its terminal one. */
const weights: Readonly<Record<LineageOutcome, number>> = {
  passed: 0,
  dropped: 1,
  filtered: 2,
  aggregated: 3,
  joined: 3,
  emitted: 4,
  deadLettered: 5,
  error: 6,
};

/** One item with all of its branches; when the last of them has ended, its terminal record is written. */
export class TracedItem {
  /** The neighbours among the items of the run that have not ended. */
  before: TracedItem | undefined;
  after: TracedItem | undefined;
  /** The item as it entered, redacted. */
  input: unknown;
  /** What follows the branch that was made last. */
  latest: FollowedBranch | undefined;
  private branches = 1;
  private hasClosed = false;
  private parts = 0;
  private weightiest: ItemEnd | undefined;

  constructor(
    readonly keeper: ItemKeeper,
    private readonly ownId: string,
    private readonly madeOf: Contributors | undefined,
  ) {}

  get id(): string {
    return this.ownId;
  }

  /** The items that it was made of; undefined for one that a source gave. */
  get contributors(): Contributors | undefined {
    return this.madeOf;
  }

  /** Whether it is followed in the child of a composite, which decides what becomes of its ends. */
  get isInner(): boolean {
    return false;
  }

  /** The id of the next item that a composite makes of this one. */
  nextPart(): string {
    this.parts += 1;
    return `${this.id}.${String(this.parts)}`;
  }

  /** How the item ended, as far as it has. */
  get ending(): ItemEnd | undefined {
    return this.weightiest;
  }

  /** Whether all branches have ended. */
  get isClosed(): boolean {
    return this.hasClosed;
  }

  /** Goes on in so many more branches. */
  split(more: number): void {
    this.branches += more;
  }

  /** Whether an end would be the item's, as far as is known: of ends of one weight the last one is. */
  isEndedBy(outcome: LineageOutcome): boolean {
    return this.weightiest === undefined || weights[outcome] >= weights[this.weightiest.outcome];
  }

  /** Notes an end that is the item's, as far as is known. */
  note(end: ItemEnd): void {
    this.weightiest = end;
  }

  /** Ends one branch in a way that is the item's, as far as is known; the last one writes the record. */
  end(end: ItemEnd): Work {
    this.weightiest = end;
    return this.release();
  }

  /** Ends one branch that others have followed. */
  release(): Work {
    this.branches -= 1;
    if (this.branches !== 0 || this.hasClosed) return undefined;
    this.hasClosed = true;
    return this.close(this.weightiest);
  }

  /** Gives up all branches but one. */
  prune(): void {
    this.branches = 1;
  }

  /** Tells that the item has passed a node. */
  passed(node: PassedNode): Work {
    return this.keeper.passed(this, node);
  }

  protected close(end: ItemEnd | undefined): Work {
    return end === undefined ? undefined : this.keeper.closed(this, end);
  }
}

/** An item in the child of a composite. Nothing is written of its ends: the composite takes them over, or makes another try. */
export class InnerItem extends TracedItem {
  #isOver = false;

  constructor(
    private readonly outer: TracedItem,
    /** The step into the composite. */
    private readonly entrance: Step,
    /** The way into the composite. */
    readonly start: Way,
  ) {
    super(outer.keeper, '', undefined);
  }

  override get id(): string {
    return this.outer.id;
  }

  override get isInner(): boolean {
    return true;
  }

  /** Notes what the child has come to, and gives the step of the composite; calls that go on are not followed. */
  conclude(outputs: number, attempts: number): Step {
    this.entrance.conclude(outputs, attempts);
    this.#isOver = true;
    return this.entrance;
  }

  override passed(node: PassedNode): Work {
    return this.#isOver ? undefined : this.outer.passed(node);
  }

  protected override close(): Work {
    return undefined;
  }
}
