import type { Emission, OperatorCore, Origin } from '../nodes/flow-operator.js';
import { isSameKey } from '../nodes/flow-key.js';
import type { FlowKey, FoundKey } from '../nodes/flow-key.js';
import { leavesBefore, Pane } from './pane.js';
import type { ReadItem, WindowDesk } from './window-desk.js';
import type { SessionSpec } from './window-kind.js';

/** The sessions of one key. */
interface SessionKey {
  readonly key: FlowKey;
  /** Those that are open, the earliest first. */
  open: Pane[];
  /** The latest time of an item. */
  latestMs: number;
  /** The watermark of the stream when its last item came. */
  seenMs: number;
}

/** Windows that end when a key has had no item for a time, by the times of items or by the run's clock. */
export class Sessions implements OperatorCore {
  readonly #desk: WindowDesk;
  readonly #gapMs: number;
  readonly #idleMs: number;
  /** The key whose last item is the longest ago comes first. */
  readonly #keys = new Map<FoundKey, SessionKey>();
  #watermarkMs = -Infinity;
  #callOff: (() => void) | undefined;

  constructor(desk: WindowDesk, { gapMs, idleMs }: SessionSpec) {
    this.#desk = desk;
    this.#gapMs = gapMs;
    this.#idleMs = idleMs ?? gapMs + desk.latenessMs;
  }

  push(item: unknown, origin: Origin): Emission {
    const desk = this.#desk;
    const nowMs = desk.hasTimes ? -Infinity : desk.now();
    if (!desk.hasTimes) void this.#advance(nowMs);
    const read = desk.read(item, origin, nowMs);
    const known = this.#keys.get(read.found);
    const latestMs = Math.max(known?.latestMs ?? -Infinity, read.timeMs);
    const keyWatermarkMs = latestMs - desk.latenessMs;
    const touched = (known?.open ?? []).filter((pane) => this.#touches(pane, read.timeMs));
    if (touched.length === 0 && read.timeMs + this.#gapMs <= keyWatermarkMs)
      return desk.refuseLate(read, keyWatermarkMs);
    const held = this.#heldWith(touched, item);
    const idle = this.#advanceTo(read.timeMs - desk.latenessMs, read.found);
    if (known === undefined) this.#checkRoom(idle);
    const entry: SessionKey = known ?? { key: read.key, open: [], latestMs, seenMs: this.#watermarkMs };
    entry.latestMs = latestMs;
    entry.seenMs = this.#watermarkMs;
    // Set anew, so that it is the last.
    this.#keys.delete(read.found);
    this.#keys.set(read.found, entry);
    this.#join(entry, touched, read, held);
    const due = entry.open.filter((pane) => (pane.end ?? 0) <= keyWatermarkMs);
    if (due.length > 0) entry.open = entry.open.filter((pane) => !due.includes(pane));
    if (!desk.hasTimes) this.#wake();
    return this.#leave([...idle, ...due]);
  }

  end(): Emission {
    const open = [...this.#keys.values()].flatMap((entry) => entry.open);
    this.#keys.clear();
    return this.#leave(open);
  }

  /** Refuses a key that is one too many; what has become idle leaves all the same. */
  #checkRoom(idle: readonly Pane[]): void {
    try {
      this.#desk.checkRoom(this.#keys.size);
    } catch (refusal) {
      void this.#leave(idle);
      throw refusal;
    }
  }

  /** Whether an item at a time is less than a gap away from a session. */
  #touches({ start = 0, end = 0 }: Pane, timeMs: number): boolean {
    return timeMs < end && start < timeMs + this.#gapMs;
  }

  /** What the session holds that an item and the sessions it touches become. */
  #heldWith(touched: readonly Pane[], item: unknown): unknown {
    const { gathering } = this.#desk;
    const [first, ...others] = touched.map((pane) => pane.held);
    const joined = others.reduce((earlier, later) => gathering.merge(earlier, later), first);
    return gathering.step(touched.length === 0 ? gathering.begin() : joined, item);
  }

  #join(
    entry: SessionKey,
    touched: readonly Pane[],
    { item, origin, timeMs }: ReadItem,
    held: unknown,
  ): void {
    const [first, ...others] = touched;
    const place = this.#desk.nextPlace();
    const grown = first ?? new Pane(entry.key, place, timeMs, timeMs + this.#gapMs, held, false);
    grown.widen(timeMs, timeMs + this.#gapMs);
    for (const pane of others) grown.takeOver(pane);
    grown.held = held;
    this.#desk.gathering.keep(held, item);
    grown.note(origin, true);
    if (touched.length === 1) return;
    entry.open = [...entry.open.filter((pane) => !touched.includes(pane)), grown].sort(
      (one, other) => (one.start ?? 0) - (other.start ?? 0),
    );
  }

  /** Lets what is over by the clock leave. */
  #advance(nowMs: number): Emission {
    return this.#leave(this.#advanceTo(nowMs, undefined));
  }

  /**
   * Moves the watermark of the stream on, and forgets the keys that are idle by then.
   *
   * @param except the key of the item that comes, which is not idle.
   * @returns the sessions that end with them.
   */
  #advanceTo(watermarkMs: number, except: FoundKey): readonly Pane[] {
    if (watermarkMs > this.#watermarkMs) this.#watermarkMs = watermarkMs;
    const ended: Pane[] = [];
    for (const [found, { open, seenMs }] of this.#keys) {
      const isIdle = seenMs + this.#idleMs <= this.#watermarkMs;
      if (!isIdle) break;
      if (this.#desk.hasTimes && isSameKey(found, except)) continue;
      this.#keys.delete(found);
      ended.push(...open);
    }
    return ended;
  }

  #leave(panes: readonly Pane[]): Emission {
    return this.#desk.leave([...panes].sort((one, other) => (leavesBefore(one, other) ? -1 : 1)));
  }

  /** Sets the alarm for the next end of a session by the clock. */
  #wake(): void {
    if (this.#callOff !== undefined) return;
    for (const { seenMs } of this.#keys.values()) {
      this.#callOff = this.#desk.port.callAt(seenMs + this.#gapMs, () => {
        this.#callOff = undefined;
        void this.#advance(this.#desk.now());
        this.#wake();
      });
      return;
    }
  }
}
