import type { ItemTrace } from '../lineage/item-trace.js';
import type { CallOutcome, EmissionTurn, Execution } from './execution.js';
import type { NodeCounter } from './node-counter.js';
import { Stage } from './stage.js';
import { NOTHING, Pending, TAKEN_OVER } from './pending.js';
import { whenSettled } from '../data/foreign-value.js';
import type { WorkStage } from './work-stage.js';
import { after } from './work.js';
import type { Work } from './work.js';

/** Where one item is under way; free again after its output has been emitted, so memory is bounded by the lanes. */
class Lane implements EmissionTurn {
  item: unknown;
  trace: ItemTrace | undefined;
  value: unknown = NOTHING;
  isDone = false;
  wantsTurn = false;
  /** The call that it waits for. */
  call: CallOutcome | undefined;
  /** What its stage has decided, once that is all that it waits for. */
  decided: Pending | undefined;
  /** Settles when the item is done; and, where it had the turn by then, has been emitted. */
  settled: Work;
  /** Settles when its output has been emitted, while that goes on. */
  emitted: Work;
  #granted: (() => void) | undefined;

  // Made once and not for every item.
  readonly onValue = (value: unknown): Work => this.lanes.called(this, value);
  readonly onError = (thrown: unknown): Work => this.lanes.threw(this, thrown);
  readonly onDecided = (): Work => this.lanes.finish(this, this.decided?.outcome);

  constructor(private readonly lanes: Lanes) {}

  take(item: unknown, trace: ItemTrace | undefined): void {
    this.item = item;
    this.trace = trace;
    this.isDone = false;
    this.wantsTurn = false;
  }

  /** Waits until this item may emit; it keeps the turn until it is done. */
  wait(): Work {
    if (this.lanes.emitting === this) return undefined;
    this.wantsTurn = true;
    return new Promise((resolve) => {
      this.#granted = resolve;
      this.lanes.grant();
    });
  }

  awaitCall(call: CallOutcome, pending: PromiseLike<unknown>): typeof TAKEN_OVER {
    this.call = call;
    this.settled = whenSettled(pending, this.onValue, this.onError);
    return TAKEN_OVER;
  }

  grant(): void {
    this.#granted?.();
    this.#granted = undefined;
  }
}

/** The items of one node that are under way in one execution. */
class Lanes {
  emitting: Lane | undefined;
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
    private readonly isOrdered: boolean,
  ) {
    this.#counter = stage.counter(execution);
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
    // One that was given up while it waited for its turn must not wait for ever; what it still gives is dropped.
    if (this.emitting !== lane) lane.grant();
    // It had the turn already: what it gave has been emitted.
    if (this.emitting === lane) this.#leave(lane);
    this.grant();
    return lane.emitted;
  }

  /** Gives the turn to emit: in order to the eldest lane, else to the first lane that wants it. */
  grant(): void {
    while (this.emitting === undefined) {
      const lane = this.isOrdered ? this.#busy[0] : this.#busy.find((each) => each.isDone || each.wantsTurn);
      if (lane === undefined || !(lane.isDone || lane.wantsTurn)) return;
      this.emitting = lane;
      if (!lane.isDone) {
        lane.grant();
        return;
      }
      const emitted =
        lane.value === NOTHING ? undefined : this.stage.emit(this.execution, lane.value, lane.trace);
      if (emitted !== undefined) {
        lane.emitted = this.#leaveAfter(emitted, lane);
        return;
      }
      this.#leave(lane);
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
    if (this.isOrdered && eldest !== undefined) return eldest.emitted ?? eldest.settled;
    return new Promise((resolve) => (this.#whenFree = resolve));
  }

  async #leaveAfter(emitted: Promise<void>, lane: Lane): Promise<void> {
    await emitted;
    this.#leave(lane);
    this.grant();
  }

  #leave(lane: Lane): void {
    const busy = this.#busy;
    if (busy[0] === lane) busy.shift();
    else busy.splice(busy.indexOf(lane), 1);
    lane.item = lane.trace = lane.call = lane.decided = lane.emitted = lane.settled = undefined;
    lane.value = NOTHING;
    this.#free.push(lane);
    this.emitting = undefined;
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
