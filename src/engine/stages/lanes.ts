import { enterExecution } from '../execution/active-scopes.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { Execution } from '../execution/execution.js';
import type { NodeMeter } from '../../observability/node-meter.js';
import { Lane } from './lane.js';
import type { LaneOwner } from './lane.js';
import type { NodeCounter } from '../execution/node-counter.js';
import { OneByOne } from './one-by-one.js';
import { NOTHING, Pending, TAKEN_OVER } from '../execution/pending.js';
import type { Room } from './room.js';
import { WaitingOutput } from './waiting-output.js';
import type { WorkStage } from './work-stage.js';
import type { Work } from '../execution/work.js';

/** How many items a node processes at once, and in which order they leave. */
export interface LaneOptions {
  /** Maximum number of calls at once. */
  readonly concurrency: number;
  /** Whether outputs keep the order of inputs. */
  readonly ordered: boolean;
  /** With `ordered`: maximum number of items that are being processed or whose results are held. */
  readonly readAhead: number;
}

/**
 * The items that one node processes at once in one execution, and results held to keep the order.
 *
 * More than `concurrency` items are admitted only while the oldest is still being processed: one slow item does not stop
 * the others, but a slow next stage stops reading.
 */
export class Lanes implements Room, LaneOwner {
  /** With `ordered`: the lanes of the oldest and of the newest item. */
  #eldest: Lane | undefined;
  #youngest: Lane | undefined;
  /** With `ordered`: the lane whose turn it is to emit. */
  #emitting: Lane | undefined;
  /** Without `ordered`: emits results one at a time, in the order in which they are ready. */
  readonly #turns: OneByOne | undefined;
  #free: Lane | undefined;
  /** Number of items that are being processed or whose results are held. */
  #size = 0;
  /** Number of items that are being processed. */
  #calls = 0;
  /** With `ordered`: number of outputs of the oldest item's child that the next stage is working on. */
  #taking = 0;
  /** The promise returned to pushes while there is no room; undefined while there is room. */
  #full: Promise<void> | undefined;
  #open: () => void = nothing;
  /** Called to push further items when there is room; undefined if the source waits for `#full` instead. */
  #refill: (() => boolean) | undefined;
  #isRefilling = false;
  #refilled: () => void = nothing;
  #whenEmpty: () => void = nothing;
  readonly #counter: NodeCounter;
  /** Measures how long results are held; undefined where nobody hears of it. */
  readonly #meter: NodeMeter | undefined;
  readonly #concurrency: number;
  readonly #readAhead: number;

  constructor(
    private readonly execution: Execution,
    private readonly stage: WorkStage,
    { concurrency, ordered, readAhead }: LaneOptions,
  ) {
    this.#counter = stage.counter(execution);
    this.#meter = execution.run.readings?.meterIn(execution, stage);
    this.#meter?.worksOn(concurrency);
    this.#concurrency = concurrency;
    this.#readAhead = readAhead;
    this.#turns = ordered ? undefined : new OneByOne();
  }

  /** Starts an item; returns a promise if the next item must wait for room. */
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

  /** Waits until no item is being processed or held. */
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
    // With an order, the oldest item has the turn, and keeps it until its child has ended.
    if (this.#emitting === undefined && this.#eldest === lane) this.#emitting = lane;
    if (this.#emitting === lane) return this.#taken(emit());
    lane.waiting = new WaitingOutput(child, emit);
    return lane.waiting.sent;
  }

  /** True if one more item may start. */
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
    if (this.#meter !== undefined) lane.doneMs = this.#meter.nowMs();
    lane.value = value;
    this.#calls -= 1;
    this.#counter.waiting -= 1;
    // The item is decided, so an output of its child that still waits for the turn came too late.
    lane.waiting?.drop();
    if (this.#turns !== undefined) {
      const sent = value === NOTHING ? undefined : this.#turns.send(lane);
      if (sent === undefined) this.#leave(lane);
      else void sent.then(lane.onEmitted);
      return;
    }
    // A lane that has the turn already has emitted the outputs of its item's child.
    if (this.#emitting === lane) this.#leave(lane);
    this.#grant();
  }

  /** Gives the turn to emit to the oldest lane, as soon as that lane has a result or an output. */
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

  /** Counts an output of the oldest item's child while the next stage works on it. Meanwhile no item is read ahead. */
  #taken(sent: Work): Work {
    if (sent === undefined) return undefined;
    this.#taking += 1;
    void sent.then(() => {
      this.#taking -= 1;
      // This callback runs in the child's context; items that are read now must run in this execution's.
      enterExecution(this.execution, this.#fill);
    });
    return sent;
  }

  /** Frees the lane of an item that has left. */
  #leave(lane: Lane): void {
    this.#meter?.held(lane.doneMs);
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

  /** Asks for further items if there is room. */
  readonly #fill = (): void => {
    if (this.#isRefilling || !this.#hasRoom) return;
    if (this.#refill !== undefined) this.#refillNow(this.#refill);
    else if (this.#full !== undefined) {
      this.#full = undefined;
      this.#open();
    }
  };

  /** Calls `refill`, which pushes items until there is no room or the source must do something else. */
  #refillNow(refill: () => boolean): void {
    this.#isRefilling = true;
    const isFull = refill();
    this.#isRefilling = false;
    if (isFull) return;
    this.#refill = undefined;
    // The source no longer waits for room, so an old promise must not count as full.
    if (this.#hasRoom) this.#full = undefined;
    this.#refilled();
  }
}

function nothing(): void {
  // Initial value of the callbacks, before anything waits.
}
