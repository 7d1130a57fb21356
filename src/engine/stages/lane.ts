import type { ItemTrace } from '../../lineage/item-trace.js';
import { whenSettled } from '../../data/foreign-value.js';
import type { CallOutcome, EmissionTurn, Execution } from '../execution/execution.js';
import { NOTHING, TAKEN_OVER } from '../execution/pending.js';
import type { Pending } from '../execution/pending.js';
import type { WaitingOutput } from './waiting-output.js';
import type { Work } from '../execution/work.js';

/** What a lane calls of the `Lanes` that it belongs to. */
export interface LaneOwner {
  /** Called when the promise of the node's call has resolved. */
  called(lane: Lane, value: unknown): void;
  /** Called when the promise of the node's call was rejected. */
  threw(lane: Lane, thrown: unknown): void;
  /** Called with the stage's final result for the item, after retries and policies. */
  finish(lane: Lane, value: unknown): void;
  /** Pushes the item's result into the next stage. */
  emit(lane: Lane): Work;
  /** Called when the next stage is done with the item's result. */
  emitted(lane: Lane): void;
  /** Pushes an output of the item's child into the next stage, when it is the item's turn. */
  send(lane: Lane, child: Execution, emit: () => Work): Work;
}

/** Holds one item that is being processed. Reused for later items, so that no item needs an object of its own. */
export class Lane implements EmissionTurn {
  item: unknown;
  trace: ItemTrace | undefined;
  /** The item's result, held until it is the item's turn to emit. */
  value: unknown = NOTHING;
  isDone = false;
  /** When the result came, where results that wait are measured. */
  doneMs = 0;
  /** An output of the item's child that waits for the item's turn. */
  waiting: WaitingOutput | undefined;
  /** The stage whose call is pending. */
  call: CallOutcome | undefined;
  /** The stage's pending decision about the item, such as a retry after a failed call. */
  decided: Pending | undefined;
  /** The lane of the next item in input order; for a free lane, the next free lane. */
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

  /** Clears everything that belongs to the item, so that the item can be garbage collected. */
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
