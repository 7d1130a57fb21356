import { readProperty } from '../data/foreign-value.js';
import { runNotFound } from '../errors/run-errors.js';
import { managerClosed } from './run-desk.js';
import type { LogFollower, RunDesk } from './run-desk.js';
import { runEndedOf } from './run-event.js';
import type { RunEnded, RunEvent, StoredRunEvent } from './run-event.js';
import type { RunLog } from './run-log.js';
import type { RunRecord } from './run-record.js';
import { isOpen } from './run-status.js';

/** How a run's events are read. */
export interface EventReaderOptions {
  /** The number of the last event that is known: reading begins after it. Default 0. */
  readonly from?: number | undefined;
  /** Ends the reading: the next step rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How many events are read at a time. */
const PAGE = 256;
/** How often the log of another manager's run is looked at: the first time, and at most. */
const FIRST_POLL_MS = 20;
const MOST_POLL_MS = 1000;

/** The log of a run that is executed here, of which all has been read until it grows. */
interface ReadLog {
  readonly log: RunLog;
  readonly grown: Promise<void>;
  hasGrown: boolean;
  /** Lets the log forget that somebody waits for it to grow. */
  readonly forget: () => void;
}

/**
 * Reads the events of one run: where it is executed here, from what is not written yet, and else from the store.
 *
 * Nothing is kept for a reader: one that is slow reads later, and gets a gap where the events have gone.
 */
export class EventReader implements AsyncIterableIterator<RunEvent>, LogFollower {
  readonly runId: string;
  readonly #desk: RunDesk;
  readonly #signal: AbortSignal | undefined;
  readonly #onLeave: () => void;
  #onOver: (() => void) | undefined;
  #readLog: ReadLog | undefined;
  #seen: number;
  #ready: RunEvent[] = [];
  #isOver = false;
  #tail: Promise<unknown> = Promise.resolve();
  #wake: (() => void) | undefined;
  /** Since when the run of another manager is known to have ended, without an event since. */
  #silentSince: number | undefined;
  #pollMs = FIRST_POLL_MS;

  /** @param onLeave called once when the reader leaves, and when it has read all. */
  constructor(
    desk: RunDesk,
    runId: string,
    options: EventReaderOptions,
    onLeave: () => void = () => undefined,
  ) {
    this.#desk = desk;
    this.runId = runId;
    this.#signal = options.signal;
    this.#seen = options.from ?? 0;
    this.#onLeave = onLeave;
    this.#signal?.addEventListener('abort', this.#stir);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<RunEvent, undefined>> {
    const step = this.#tail.then(() => this.#next());
    this.#tail = step.catch(() => undefined);
    return step;
  }

  return(): Promise<IteratorResult<RunEvent, undefined>> {
    this.#leave();
    return Promise.resolve({ done: true, value: undefined });
  }

  whenOver(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    return new Promise((resolve) => (this.#onOver = resolve));
  }

  readonly #stir = (): void => {
    this.#wake?.();
  };

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ready = [];
    this.#readLog?.forget();
    this.#signal?.removeEventListener('abort', this.#stir);
    this.#stir();
    this.#onLeave();
    this.#onOver?.();
  }

  async #next(): Promise<IteratorResult<RunEvent, undefined>> {
    this.#desk.following.add(this);
    try {
      while (this.#ready.length === 0 && !this.#isOver) {
        if (this.#signal?.aborted === true) throw readProperty(this.#signal, 'reason');
        await this.#look();
      }
    } catch (error) {
      this.#leave();
      throw error;
    } finally {
      this.#desk.following.delete(this);
    }
    const value = this.#ready.shift();
    if (value === undefined) return { done: true, value: undefined };
    if (value.type === 'runEnded') this.#leave();
    return { done: false, value };
  }

  /** Takes what there is, or waits a while. */
  async #look(): Promise<void> {
    if (this.#desk.isClosed) throw managerClosed();
    const own = this.#desk.own(this.runId);
    if (own !== undefined && (await this.#lookHere(own.log))) return;
    // From before the store is asked: what is written meanwhile is noticed.
    if (own !== undefined) this.#watch(own.log);
    const stored = await this.#read(this.#seen);
    if (stored.length > 0) {
      this.#watch(undefined);
      this.#take(stored);
      return;
    }
    if (this.#isOver) return;
    if (own === undefined) {
      await this.#follow();
      return;
    }
    // What has been written since is in the store: a gap here is none.
    const unwritten = own.log.after(this.#seen);
    if (unwritten[0] !== undefined && unwritten[0].seq > this.#seen + 1) {
      if ((await this.#read(this.#seen)).length === 0) this.#take(unwritten);
    }
  }

  /** Takes what the log of a run that is executed here still has, or waits for more; false where the store may know. */
  async #lookHere(log: RunLog): Promise<boolean> {
    const unwritten = log.after(this.#seen);
    if (unwritten[0]?.seq === this.#seen + 1) {
      this.#take(unwritten);
      this.#watch(log);
      return true;
    }
    if (this.#readLog?.log !== log || this.#readLog.hasGrown) return false;
    await this.#wait(this.#readLog.grown);
    return true;
  }

  /** Waits for the log to grow: until then the store has nothing more either. With undefined, waits for none. */
  #watch(log: RunLog | undefined): void {
    this.#readLog?.forget();
    this.#readLog = undefined;
    if (log === undefined || this.#isOver) return;
    const { promise: grown, cancel: forget } = log.changed();
    const readLog: ReadLog = { log, grown, hasGrown: false, forget };
    void grown.then(() => (readLog.hasGrown = true));
    this.#readLog = readLog;
  }

  /** The run is another manager's, or has ended. */
  async #follow(): Promise<void> {
    const record = await this.#desk.lookUp(this.runId);
    if (record === undefined) throw runNotFound(this.runId);
    if (!isOpen(record.status)) {
      await this.#followEnded(record);
      return;
    }
    await this.#pause();
  }

  /** Its log has nothing after what was seen: it ends later, or it was lost. */
  async #followEnded(record: RunRecord): Promise<void> {
    // What came between the two questions.
    const late = await this.#read(this.#seen);
    if (late.length > 0) {
      this.#take(late);
      return;
    }
    if (this.#silentSince === undefined) {
      const last = this.#seen === 0 ? undefined : await this.#lastStored();
      if (last?.type === 'runEnded') {
        this.#leave();
        return;
      }
      this.#silentSince = performance.now();
    }
    if (performance.now() - this.#silentSince < this.#desk.parts.heartbeatMs) {
      await this.#pause();
      return;
    }
    const last = await this.#lastStored();
    const seq = (last?.seq ?? 0) + 1;
    if (seq <= this.#seen) this.#leave();
    else this.#take([endOf(record, seq)]);
  }

  async #lastStored(): Promise<StoredRunEvent | undefined> {
    // Nearly always the last one is what was seen last; else the log is walked to its end.
    const before = this.#seen - 1;
    const [seen] =
      before < 0
        ? []
        : await this.#desk.store.ask((to) => to.readEvents(this.runId, { after: before, limit: 1 }));
    if (seen?.seq === this.#seen) return seen;
    let last: StoredRunEvent | undefined;
    for (;;) {
      const after = last?.seq ?? 0;
      const page = await this.#desk.store.ask((to) => to.readEvents(this.runId, { after, limit: 10 * PAGE }));
      if (page.length === 0) return last;
      last = page.at(-1);
    }
  }

  #read(after: number): Promise<readonly StoredRunEvent[]> {
    if (this.#desk.isClosed) return Promise.reject(managerClosed());
    return this.#desk.store.ask((to) => to.readEvents(this.runId, { after, limit: PAGE }));
  }

  #take(events: readonly StoredRunEvent[]): void {
    this.#pollMs = FIRST_POLL_MS;
    this.#silentSince = undefined;
    if (this.#isOver) return;
    for (const event of events) {
      if (event.seq <= this.#seen) continue;
      if (event.seq > this.#seen + 1)
        this.#ready.push({ type: 'gap', from: this.#seen + 1, to: event.seq - 1 });
      this.#ready.push(event);
      this.#seen = event.seq;
    }
  }

  async #pause(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const time = new Promise<void>((resolve) => (timer = setTimeout(resolve, this.#pollMs)));
    this.#pollMs = Math.min(this.#pollMs * 2, MOST_POLL_MS, this.#desk.parts.heartbeatMs);
    await this.#wait(time);
    clearTimeout(timer);
  }

  /** Waits for something, for the reader to leave, or for the manager to close. */
  async #wait(something: Promise<void>): Promise<void> {
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    const forget = this.#desk.onClosed(() => {
      this.#stir();
    });
    if (this.#signal?.aborted === true || this.#isOver || this.#desk.isClosed) this.#stir();
    await Promise.race([something, woken]);
    this.#wake = undefined;
    forget();
  }
}

/** The last event of a log that has none, from the record. */
function endOf(record: RunRecord, seq: number): RunEnded {
  return Object.freeze({ seq, ...runEndedOf(record) });
}
