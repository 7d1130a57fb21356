import type { ItemTrace } from '../../lineage/item-trace.js';
import type { CallOutcome, EmissionTurn, Execution } from '../execution/execution.js';
import type { NodeCounter } from '../execution/node-counter.js';
import { Stage } from './stage.js';
import { NOTHING, Pending, TAKEN_OVER } from '../execution/pending.js';
import { whenSettled } from '../../data/foreign-value.js';
import { OneByOne } from './one-by-one.js';
import { WaitingOutput } from './waiting-output.js';
import type { WorkStage } from './work-stage.js';
import { after } from '../execution/work.js';
import type { Work } from '../execution/work.js';

/** Where one item is under way; free again after its output has been emitted, so memory is bounded by the lanes. */
class Lane implements EmissionTurn {
  item: unknown;
  trace: ItemTrace | undefined;
  value: unknown = NOTHING;
  isDone = false;
  /** Its child's output that waits for the turn. */
  waiting: WaitingOutput | undefined;
  /** The call that it waits for. */
  call: CallOutcome | undefined;
  /** What its stage has decided, once that is all that it waits for. */
  decided: Pending | undefined;
  /** Settles when the item is done; and, where it had the turn by then, has been emitted. */
  settled: Work;
  /** Settles when its output has been emitted, while that goes on. */
  emitted: Work;

  // Made once and not for every item.
  readonly onValue = (value: unknown): Work => this.lanes.called(this, value);
  readonly onError = (thrown: unknown): Work => this.lanes.threw(this, thrown);
  readonly onDecided = (): Work => this.lanes.finish(this, this.decided?.outcome);
  readonly onEmitted = (): void => {
    this.lanes.leave(this);
  };

  constructor(private readonly lanes: Lanes) {}

  take(item: unknown, trace: ItemTrace | undefined): void {
    this.item = item;
    this.trace = trace;
    this.isDone = false;
    this.waiting = undefined;
  }

  send(child: Execution, emit: () => Work): Work {
    return this.lanes.send(this, child, emit);
  }

  /** Hands on what its stage has made of the item. */
  emit(): Work {
    return this.lanes.emit(this);
  }

  awaitCall(call: CallOutcome, pending: PromiseLike<unknown>): typeof TAKEN_OVER {
    this.call = call;
    this.settled = whenSettled(pending, this.onValue, this.onError);
    return TAKEN_OVER;
  }
}

/** The items of one node that are under way in one execution. */
class Lanes {
  /** In order: the lane that has the turn to emit. */
  #emitting: Lane | undefined;
  /** Without an order: lets outputs leave as they come, one at a time. */
  readonly #turns: OneByOne | undefined;
  /** The lanes with items, the eldest first. */
  readonly #busy: Lane[] = [];
  readonly #free: Lane[] = [];
  #whenFree: (() => void) | undefined;
  #whenEmpty: (() => void) | undefined;
  readonly #counter: NodeCounter;

  constructor(
    private readonly execution: Execution,
    private readonly stage: WorkStage,
    private readonly size: number,
    isOrdered: boolean,
  ) {
    this.#counter = stage.counter(execution);
    this.#turns = isOrdered ? undefined : new OneByOne();
  }

  start(item: unknown, trace: ItemTrace | undefined): Work {
    const lane = this.#free.pop() ?? new Lane(this);
    lane.take(item, trace);
    this.#busy.push(lane);
    this.#counter.waiting += 1;
    const processed = this.stage.process(this.execution, item, trace, lane);
    if (processed !== TAKEN_OVER) lane.settled = this.#decide(lane, processed);
    return this.#busy.length < this.size ? undefined : this.#room();
  }

  /** Waits until nothing is under way. */
  drained(): Work {
    return this.#busy.length === 0 ? undefined : new Promise((resolve) => (this.#whenEmpty = resolve));
  }

  /** Goes on with what a node's promise gave. */
  called(lane: Lane, value: unknown): Work {
    return this.#decide(lane, lane.call?.done(this.execution, value, lane.trace, 1));
  }

  /** Goes on after a node's promise was rejected. */
  threw(lane: Lane, thrown: unknown): Work {
    return this.#decide(lane, lane.call?.thrown(this.execution, lane.item, lane.trace, thrown, 1));
  }

  finish(lane: Lane, value: unknown): Work {
    lane.isDone = true;
    lane.value = value;
    this.#counter.waiting -= 1;
    // What an item that was given up still gives is dropped, and waits no longer.
    lane.waiting?.drop();
    if (this.#turns !== undefined) {
      const emitted = value === NOTHING ? undefined : this.#turns.send(lane);
      if (emitted === undefined) this.leave(lane);
      return emitted?.then(lane.onEmitted);
    }
    // It had the turn already: what it gave has been emitted.
    if (this.#emitting === lane) this.leave(lane);
    this.#grant();
    return lane.emitted;
  }

  /** Hands on an output of a lane's child in its turn. */
  send(lane: Lane, child: Execution, emit: () => Work): Work {
    if (this.#turns !== undefined) {
      if (!this.#turns.isBusy) return this.#turns.send({ emit });
      const waiting = new WaitingOutput(child, emit);
      void this.#turns.send(waiting);
      return waiting.sent;
    }
    // In order the eldest has the turn, and keeps it until it is done.
    if (this.#emitting === undefined && this.#busy[0] === lane) this.#emitting = lane;
    if (this.#emitting === lane) return emit();
    lane.waiting = new WaitingOutput(child, emit);
    return lane.waiting.sent;
  }

  emit(lane: Lane): Work {
    return lane.value === NOTHING ? undefined : this.stage.emit(this.execution, lane.value, lane.trace);
  }

  /** Gives the turn to emit to the eldest lane, once that has something to emit. */
  #grant(): void {
    while (this.#emitting === undefined) {
      const lane = this.#busy[0];
      if (lane === undefined || !(lane.isDone || lane.waiting !== undefined)) return;
      this.#emitting = lane;
      if (!lane.isDone) {
        void lane.waiting?.emit();
        return;
      }
      const emitted = this.emit(lane);
      if (emitted !== undefined) {
        lane.emitted = this.#leaveAfter(emitted, lane);
        return;
      }
      this.leave(lane);
    }
  }

  #decide(lane: Lane, processed: unknown): Work {
    if (!Pending.is(processed)) return this.finish(lane, processed);
    lane.decided = processed;
    return processed.work.then(lane.onDecided);
  }

  /** Waits until a lane is free. */
  #room(): Work {
    const eldest = this.#busy[0];
    // In order the eldest is the first to leave.
    if (this.#turns === undefined && eldest !== undefined) return eldest.emitted ?? eldest.settled;
    return new Promise((resolve) => (this.#whenFree = resolve));
  }

  async #leaveAfter(emitted: Promise<void>, lane: Lane): Promise<void> {
    await emitted;
    this.leave(lane);
    this.#grant();
  }

  /** Frees the place of an item that has gone on. */
  leave(lane: Lane): void {
    const busy = this.#busy;
    if (busy[0] === lane) busy.shift();
    else busy.splice(busy.indexOf(lane), 1);
    lane.item =
      lane.trace =
      lane.call =
      lane.decided =
      lane.emitted =
      lane.settled =
      lane.waiting =
        undefined;
    lane.value = NOTHING;
    this.#free.push(lane);
    this.#emitting = undefined;
    const whenFree = this.#whenFree;
    this.#whenFree = undefined;
    whenFree?.();
    if (busy.length === 0) this.#whenEmpty?.();
  }
}

/** Works on several items of a node at once; one emits at a time, by default in the order of the inputs. */
export class ParallelStage extends Stage {
  constructor(
    private readonly stage: WorkStage,
    private readonly size: number,
    private readonly isOrdered: boolean,
    private readonly slot: number,
  ) {
    super();
  }

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    return this.#lanes(execution).start(item, trace);
  }

  override end(execution: Execution): Work {
    return after(this.#lanes(execution).drained(), () => this.stage.end(execution));
  }

  override get relay(): Stage {
    return this.stage;
  }

  override isClosed(execution: Execution): boolean {
    return this.stage.isClosed(execution);
  }

  #lanes(execution: Execution): Lanes {
    const known = execution.states[this.slot] as Lanes | undefined;
    if (known !== undefined) return known;
    const lanes = new Lanes(execution, this.stage, this.size, this.isOrdered);
    execution.states[this.slot] = lanes;
    return lanes;
  }
}
