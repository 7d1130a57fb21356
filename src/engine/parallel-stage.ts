import type { ItemTrace } from '../lineage/item-trace.js';
import type { EmissionTurn, Execution } from './execution.js';
import { Stage } from './stage.js';
import { NOTHING } from './work-stage.js';
import type { WorkStage } from './work-stage.js';
import { after } from './work.js';
import type { Work } from './work.js';

/** One item under way; its place is free again after its output has been emitted, so memory is bounded by the places. */
class Place implements EmissionTurn {
  value: unknown = NOTHING;
  isDone = false;
  wantsTurn = false;
  #granted: (() => void) | undefined;

  constructor(
    readonly trace: ItemTrace | undefined,
    private readonly lanes: Lanes,
  ) {}

  /** Waits until this item may emit; it keeps the turn until it is done. */
  wait(): Work {
    if (this.lanes.emitting === this) return undefined;
    this.wantsTurn = true;
    return new Promise((resolve) => {
      this.#granted = resolve;
      this.lanes.grant();
    });
  }

  grant(): void {
    this.#granted?.();
  }
}

/** The items of one node that are under way in one execution. */
class Lanes {
  readonly places: Place[] = [];
  emitting: Place | undefined;
  #whenFree: (() => void) | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(
    private readonly execution: Execution,
    private readonly stage: WorkStage,
    private readonly size: number,
    private readonly isOrdered: boolean,
  ) {}

  start(item: unknown, trace: ItemTrace | undefined): Work {
    const place = new Place(trace, this);
    this.places.push(place);
    const processed = this.stage.process(this.execution, item, trace, place);
    if (processed instanceof Promise) {
      void processed.then((value) => {
        this.#finish(place, value);
      });
    } else {
      this.#finish(place, processed);
    }
    return this.places.length < this.size ? undefined : new Promise((resolve) => (this.#whenFree = resolve));
  }

  /** Waits until nothing is under way. */
  drained(): Work {
    return this.places.length === 0 ? undefined : new Promise((resolve) => (this.#whenEmpty = resolve));
  }

  /** Gives the turn to emit: in order to the eldest, else to whoever is first to want it. */
  grant(): void {
    while (this.emitting === undefined) {
      const candidates = this.isOrdered ? this.places.slice(0, 1) : this.places;
      const place = candidates.find((each) => each.isDone || each.wantsTurn);
      if (place === undefined) return;
      this.emitting = place;
      if (!place.isDone) {
        place.grant();
        return;
      }
      const emitted =
        place.value === NOTHING ? undefined : this.stage.emit(this.execution, place.value, place.trace);
      if (emitted !== undefined) {
        void emitted.then(() => {
          this.#leave(place);
          this.grant();
        });
        return;
      }
      this.#leave(place);
    }
  }

  #finish(place: Place, value: unknown): void {
    place.isDone = true;
    place.value = value;
    // One that was given up while it waited for its turn must not wait for ever; what it still gives is dropped.
    if (this.emitting !== place) place.grant();
    // It had the turn already: what it gave has been emitted.
    if (this.emitting === place) this.#leave(place);
    this.grant();
  }

  #leave(place: Place): void {
    this.places.splice(this.places.indexOf(place), 1);
    this.emitting = undefined;
    const whenFree = this.#whenFree;
    this.#whenFree = undefined;
    whenFree?.();
    if (this.places.length === 0) this.#whenEmpty?.();
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
