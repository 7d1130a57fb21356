import type { Emission, OperatorCore, Origin } from '../nodes/flow-operator.js';
import type { FoundKey } from '../nodes/flow-key.js';
import { Heap } from '../data/heap.js';
import { leavesBefore, Pane } from './pane.js';
import type { WindowDesk } from './window-desk.js';
import type { TimeSpec } from './window-kind.js';

/** Windows of a length in time, by the times of items or by the run's clock. */
export class TimeWindows implements OperatorCore {
  readonly #desk: WindowDesk;
  readonly #ms: number;
  readonly #everyMs: number;
  /** The open windows of each key, by the number of the window. */
  readonly #keys = new Map<FoundKey, Map<number, Pane>>();
  readonly #open = new Heap<OpenWindow>((one, other) => leavesBefore(one.pane, other.pane));
  /** All windows that end up to here have left. */
  #watermarkMs = -Infinity;
  #callOff: (() => void) | undefined;

  constructor(desk: WindowDesk, { ms, everyMs }: TimeSpec) {
    this.#desk = desk;
    this.#ms = ms;
    this.#everyMs = everyMs;
  }

  push(item: unknown, origin: Origin): Emission {
    const desk = this.#desk;
    const nowMs = desk.hasTimes ? -Infinity : desk.now();
    const left = desk.hasTimes ? undefined : this.#advance(nowMs);
    const read = desk.read(item, origin, nowMs);
    const watermarkMs = desk.hasTimes
      ? Math.max(this.#watermarkMs, read.timeMs - desk.latenessMs)
      : this.#watermarkMs;
    const known = this.#keys.get(read.found);
    const steps = this.#windowsAt(read.timeMs, watermarkMs).map((index) => {
      const pane = known?.get(index);
      return { index, pane, held: desk.gathering.step(pane?.held ?? desk.gathering.begin(), item) };
    });
    if (steps.length === 0) return desk.refuseLate(read, watermarkMs);
    const due = desk.hasTimes ? this.#advance(watermarkMs) : left;
    // Asked again: its windows may all have left.
    const panes = this.#keys.get(read.found) ?? this.#panesOf(read.found);
    const place = desk.nextPlace();
    steps.forEach(({ index, pane: open, held }, at) => {
      const pane =
        open ?? new Pane(read.key, place, ...this.#boundsOf(index), held, this.#ms > this.#everyMs);
      if (open === undefined) {
        panes.set(index, pane);
        this.#open.add({ pane, index, found: read.found });
      }
      pane.held = held;
      desk.gathering.keep(held, item);
      pane.note(origin, at === 0);
    });
    if (!desk.hasTimes) this.#wake();
    return due;
  }

  end(): Emission {
    return this.#advance(Infinity);
  }

  /** The numbers of the windows with a time that have not left, the earliest first. */
  #windowsAt(timeMs: number, watermarkMs: number): number[] {
    const windows: number[] = [];
    let index = Math.floor(timeMs / this.#everyMs);
    // A quotient of fractions may be rounded over the edge of a window.
    if (this.#boundsOf(index)[0] > timeMs) index -= 1;
    else if (this.#boundsOf(index + 1)[0] <= timeMs) index += 1;
    for (; this.#boundsOf(index)[1] > timeMs; index -= 1)
      if (this.#boundsOf(index)[1] > watermarkMs) windows.push(index);
    return windows.reverse();
  }

  #boundsOf(index: number): readonly [start: number, end: number] {
    const start = index * this.#everyMs;
    // Where windows follow one another, each ends where the next one begins, fractions or not.
    return [start, this.#everyMs === this.#ms ? (index + 1) * this.#everyMs : start + this.#ms];
  }

  #panesOf(found: FoundKey): Map<number, Pane> {
    this.#desk.checkRoom(this.#keys.size);
    const panes = new Map<number, Pane>();
    this.#keys.set(found, panes);
    return panes;
  }

  /** Lets the windows leave that have ended by a time. */
  #advance(watermarkMs: number): Emission {
    if (watermarkMs > this.#watermarkMs) this.#watermarkMs = watermarkMs;
    const due: Pane[] = [];
    for (let next = this.#open.least; next !== undefined; next = this.#open.least) {
      const { pane, index, found } = next;
      if ((pane.end ?? 0) > watermarkMs) break;
      this.#open.take();
      const panes = this.#keys.get(found);
      panes?.delete(index);
      if (panes?.size === 0) this.#keys.delete(found);
      due.push(pane);
    }
    return this.#desk.leave(due);
  }

  /** Sets the alarm for the next end of a window by the clock. */
  #wake(): void {
    const endMs = this.#open.least?.pane.end;
    if (endMs === undefined || this.#callOff !== undefined) return;
    this.#callOff = this.#desk.port.callAt(endMs, () => {
      this.#callOff = undefined;
      void this.#advance(this.#desk.now());
      this.#wake();
    });
  }
}

interface OpenWindow {
  readonly pane: Pane;
  readonly index: number;
  readonly found: FoundKey;
}
