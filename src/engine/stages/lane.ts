import type { ItemTrace } from '../../lineage/item-trace.js';
import { whenSettled } from '../../data/foreign-value.js';
import type { CallOutcome, EmissionTurn, Execution } from '../execution/execution.js';
import { NOTHING, TAKEN_OVER } from '../execution/pending.js';
import type { Pending } from '../execution/pending.js';
import type { WaitingOutput } from './waiting-output.js';
import type { Work } from '../execution/work.js';

/** The lanes of one node in one execution, as a lane sees them. */
export interface LaneOwner {
  /** Goes on with what the call's promise gave. */
  called(lane: Lane, value: unknown): void;
  /** Goes on after the call's promise was rejected. */
  threw(lane: Lane, thrown: unknown): void;
  /** Goes on with what the stage has decided about the item. */
  finish(lane: Lane, value: unknown): void;
  /** Hands on what the stage has made of the item. */
  emit(lane: Lane): Work;
  /** Goes on after the item's output has been taken by what follows. */
  emitted(lane: Lane): void;
  /** Hands on an output of the item's child in its turn. */
  send(lane: Lane, child: Execution, emit: () => Work): Work;
}

/** The place of one item under way, used again for later items: nothing of it is made per item. */
export class Lane implements EmissionTurn {
  item: unknown;
  trace: ItemTrace | undefined;
  /** The result that is held until its turn. */
  value: unknown = NOTHING;
  isDone = false;
  /** An output of its child that waits for the turn. */
  waiting: WaitingOutput | undefined;
  /** The stage whose call is pending. */
  call: CallOutcome | undefined;
  /** What the stage has decided, while that is pending. */
  decided: Pending | undefined;
  /** The lane of the item that came next; of a free lane, another free one. */
  next: Lane | undefined;

  readonly onValue = (value: unknown): void => {
    this.owner.called(this, value);
  };
  readonly onError = (thrown: unknown): void => {
    this.owner.threw(this, thrown);
  };
  readonly onDecided = (): void => {
    this.owner.finish(this, this.decided?.outcome);
  };
  readonly onEmitted = (): void => {
    this.owner.emitted(this);
  };

  constructor(private readonly owner: LaneOwner) {}

  take(item: unknown, trace: ItemTrace | undefined): void {
    this.item = item;
    this.trace = trace;
  }

  /** Lets go of everything that belongs to the item. */
  clear(): void {
    this.item = undefined;
    this.trace = undefined;
    this.value = NOTHING;
    this.isDone = false;
    if (this.waiting !== undefined) this.waiting = undefined;
    if (this.decided !== undefined) this.decided = undefined;
  }

  send(child: Execution, emit: () => Work): Work {
    return this.owner.send(this, child, emit);
  }

  emit(): Work {
    return this.owner.emit(this);
  }

  awaitCall(call: CallOutcome, pending: PromiseLike<unknown>): typeof TAKEN_OVER {
    this.call = call;
    void whenSettled(pending, this.onValue, this.onError);
    return TAKEN_OVER;
  }
}
