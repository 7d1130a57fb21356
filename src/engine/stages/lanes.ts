import { runInContext } from '../../context/ambient-context.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { Execution } from '../execution/execution.js';
import { Lane } from './lane.js';
import type { LaneOwner } from './lane.js';
import type { NodeCounter } from '../execution/node-counter.js';
import { OneByOne } from './one-by-one.js';
import { NOTHING, Pending, TAKEN_OVER } from '../execution/pending.js';
import type { Room } from './room.js';
import { WaitingOutput } from './waiting-output.js';
import type { WorkStage } from './work-stage.js';
import type { Work } from '../execution/work.js';

/** How many items a node works on at once, and which may leave first. */
export interface LaneOptions {
  /** The most calls under way. */
  readonly concurrency: number;
  /** Whether outputs keep the order of inputs. */
  readonly ordered: boolean;
  /** In order: the most items under way and held. */
  readonly readAhead: number;
}

/**
 * The items of one node that are under way in one execution, and their results that are held for the order.
 *
 * Beyond `concurrency` items, one is let in only while the eldest is still being worked on: a slow item does not stop
 * the others, and nothing is read ahead of what follows.
 */
export class Lanes implements Room, LaneOwner {
  /** In order: the item that came first, and the one that came last. */
  #eldest: Lane | undefined;
  #youngest: Lane | undefined;
  /** In order: the lane that has the turn to emit. */
  #emitting: Lane | undefined;
  /** Without an order: lets outputs leave as they come, one at a time. */
  readonly #turns: OneByOne | undefined;
  #free: Lane | undefined;
  /** How many items are under way or held. */
  #size = 0;
  /** How many items are being worked on. */
  #calls = 0;
  /** In order: how many outputs of the eldest item's child are being taken by what follows. */
  #taking = 0;
  /** What a push gave that found no room behind it; undefined where the next one may come. */
  #full: Promise<void> | undefined;
  #open: () => void = nothing;
  /** Pushes items whenever there is room; undefined where those who push wait themselves. */
  #refill: (() => boolean) | undefined;
  #isRefilling = false;
  #refilled: () => void = nothing;
  #whenEmpty: () => void = nothing;
  readonly #counter: NodeCounter;
  readonly #concurrency: number;
  readonly #readAhead: number;

  constructor(
    private readonly execution: Execution,
    private readonly stage: WorkStage,
    { concurrency, ordered, readAhead }: LaneOptions,
  ) {
    this.#counter = stage.counter(execution);
    this.#concurrency = concurrency;
    this.#readAhead = readAhead;
    this.#turns = ordered ? undefined : new OneByOne();
  }

  /** Takes an item; gives work where no other may come before that is done. */
  start(item: unknown, trace: ItemTrace | undefined): Work {
    const lane = this.#enter(item, trace);
    this.#counter.waiting += 1;
    const processed = this.stage.process(this.execution, item, trace, lane);
    if (processed !== TAKEN_OVER) this.#decide(lane, processed);
    if (this.#hasRoom) return undefined;
    return (this.#full ??= new Promise((resolve) => (this.#open = resolve)));
  }

  isFull(pushed: PromiseLike<unknown> | undefined): boolean {
    return pushed !== undefined && pushed === this.#full;
  }

  keepFull(refill: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#refill = refill;
      this.#refilled = resolve;
      this.#fill();
    });
  }

  /** Waits until nothing is under way. */
  drained(): Work {
    return this.#size === 0 ? undefined : new Promise((resolve) => (this.#whenEmpty = resolve));
  }

  called(lane: Lane, value: unknown): void {
    this.#decide(lane, lane.call?.done(this.execution, value, lane.trace, 1));
    this.#fill();
  }

  threw(lane: Lane, thrown: unknown): void {
    this.#decide(lane, lane.call?.thrown(this.execution, lane.item, lane.trace, thrown, 1));
    this.#fill();
  }

  finish(lane: Lane, value: unknown): void {
    this.#finish(lane, value);
    this.#fill();
  }

  emit(lane: Lane): Work {
    return lane.value === NOTHING ? undefined : this.stage.emit(this.execution, lane.value, lane.trace);
  }

  emitted(lane: Lane): void {
    this.#leave(lane);
    this.#grant();
    this.#fill();
  }

  send(lane: Lane, child: Execution, emit: () => Work): Work {
    if (this.#turns !== undefined) {
      if (!this.#turns.isBusy) return this.#turns.send({ emit });
      const waiting = new WaitingOutput(child, emit);
      void this.#turns.send(waiting);
      return waiting.sent;
    }
    // In order the eldest has the turn, and keeps it until it is done.
    if (this.#emitting === undefined && this.#eldest === lane) this.#emitting = lane;
    if (this.#emitting === lane) return this.#taken(emit());
    lane.waiting = new WaitingOutput(child, emit);
    return lane.waiting.sent;
  }

  /** Whether one more item may come. */
  get #hasRoom(): boolean {
    if (this.#size < this.#concurrency) return true;
    return (
      this.#calls < this.#concurrency &&
      this.#size < this.#readAhead &&
      this.#eldest?.isDone === false &&
      this.#taking === 0
    );
  }

  #enter(item: unknown, trace: ItemTrace | undefined): Lane {
    const lane = this.#free ?? new Lane(this);
    this.#free = lane.next;
    lane.next = undefined;
    lane.take(item, trace);
    this.#size += 1;
    this.#calls += 1;
    if (this.#turns === undefined) {
      if (this.#youngest === undefined) this.#eldest = lane;
      else this.#youngest.next = lane;
      this.#youngest = lane;
    }
    return lane;
  }

  #decide(lane: Lane, processed: unknown): void {
    if (!Pending.is(processed)) {
      this.#finish(lane, processed);
      return;
    }
    lane.decided = processed;
    void processed.work.then(lane.onDecided);
  }

  #finish(lane: Lane, value: unknown): void {
    lane.isDone = true;
    lane.value = value;
    this.#calls -= 1;
    this.#counter.waiting -= 1;
    // What an item that was given up still gives is dropped, and waits no longer.
    lane.waiting?.drop();
    if (this.#turns !== undefined) {
      const sent = value === NOTHING ? undefined : this.#turns.send(lane);
      if (sent === undefined) this.#leave(lane);
      else void sent.then(lane.onEmitted);
      return;
    }
    // It had the turn already: its child's outputs have left.
    if (this.#emitting === lane) this.#leave(lane);
    this.#grant();
  }

  /** Gives the turn to emit to the eldest lane, once that has something to emit. */
  #grant(): void {
    while (this.#emitting === undefined) {
      const lane = this.#eldest;
      if (lane === undefined || !(lane.isDone || lane.waiting !== undefined)) return;
      this.#emitting = lane;
      if (!lane.isDone) {
        void this.#taken(lane.waiting?.emit());
        return;
      }
      const emitted = this.emit(lane);
      if (emitted !== undefined) {
        void emitted.then(lane.onEmitted);
        return;
      }
      this.#leave(lane);
    }
  }

  /** Notes that what follows has an output of the eldest item's child in its hands: nothing is read ahead of that. */
  #taken(sent: Work): Work {
    if (sent === undefined) return undefined;
    this.#taking += 1;
    void sent.then(() => {
      this.#taking -= 1;
      // Noted in the context of the child; what is read next belongs to this execution.
      runInContext(this.execution, this.#fill);
    });
    return sent;
  }

  /** Frees the place of an item that has gone on. */
  #leave(lane: Lane): void {
    if (this.#turns === undefined) {
      this.#eldest = lane.next;
      if (lane.next === undefined) this.#youngest = undefined;
      this.#emitting = undefined;
    }
    lane.clear();
    lane.next = this.#free;
    this.#free = lane;
    this.#size -= 1;
    if (this.#size === 0) this.#whenEmpty();
  }

  /** Has the next items pushed if there is room for them. */
  readonly #fill = (): void => {
    if (this.#isRefilling || !this.#hasRoom) return;
    if (this.#refill !== undefined) this.#refillNow(this.#refill);
    else if (this.#full !== undefined) {
      this.#full = undefined;
      this.#open();
    }
  };

  /** Has items pushed until there is no room, or until those who push must do something else first. */
  #refillNow(refill: () => boolean): void {
    this.#isRefilling = true;
    const isFull = refill();
    this.#isRefilling = false;
    if (isFull) return;
    this.#refill = undefined;
    // Nobody waits for it: those who push go on by themselves.
    if (this.#hasRoom) this.#full = undefined;
    this.#refilled();
  }
}

function nothing(): void {
  // Stands where nobody waits.
}
