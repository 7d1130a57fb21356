import { isInstanceOf } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';
import type { ExecutionEvents, ExecutionObserver } from '../ports/execution-observer.js';
import { loggedEvent, loggedEventTypes } from './logged-event.js';
import { MOST_EVENTS } from './memory-run-log.js';
import type { LoggedEventType, RunEnded, RunStarted, StoredRunEvent } from './run-event.js';

/** More events are not written with the end of a run: its status must not wait for a long log. */
const MOST_WITH_END = 250;

/** What a {@link RunLog} stands in. */
export interface LogHost {
  /** Sees to it that the log is written soon. */
  flushSoon(log: RunLog): void;
  /** Writes events to the store; rejects with `LEASE_LOST` where they must not be written any more. */
  write(events: readonly StoredRunEvent[]): Promise<void>;
}

/** The events of a run that is executed here: numbered, written in batches, and readable before they are written. */
export class RunLog {
  readonly #host: LogHost;
  /** What is not written yet, in order. */
  #unwritten: StoredRunEvent[] = [];
  #lastSeq = 0;
  #isOver = false;
  #isDropped = false;
  /** Whether the host knows that there is something to write. */
  #isDue = false;
  #writing: Promise<boolean> | undefined;
  #wakes: (() => void)[] = [];

  constructor(host: LogHost) {
    this.#host = host;
  }

  /** Begins the log. */
  begin(event: Omit<RunStarted, 'seq'>): void {
    if (this.#isOver || this.#isDropped) return;
    this.#push(Object.freeze(Object.assign(event, { seq: this.#nextSeq() })));
    this.#flushSoon();
    this.#wake();
  }

  /**
   * Gives what is not written yet and the end behind, to be written with the status of the run.
   *
   * The log takes no more events of the run from now on. Undefined where there is too much for one write, or nothing may
   * be written.
   */
  rest(end: Omit<RunEnded, 'seq'>): readonly StoredRunEvent[] | undefined {
    this.#isOver = true;
    if (this.#isDropped || this.#unwritten.length >= MOST_WITH_END) return undefined;
    const rest = this.#unwritten.slice();
    rest.push(Object.freeze(Object.assign(end, { seq: this.#lastSeq + 1 })));
    return rest;
  }

  /** Ends the log: what {@link rest} gave is written. */
  close(): void {
    this.#isOver = true;
    this.#lastSeq += 1;
    this.#unwritten = [];
    this.#wake();
  }

  /** Ends the log, of which something is not written; resolves as {@link flush}. */
  end(event: Omit<RunEnded, 'seq'>): Promise<boolean> {
    this.#isOver = true;
    if (!this.#isDropped) this.#push(Object.freeze(Object.assign(event, { seq: this.#nextSeq() })));
    this.#wake();
    return this.flush();
  }

  /** Gets the events of the run's root execution. */
  observer(): ExecutionObserver {
    const observer: object = new LogObserver(this);
    return observer;
  }

  /** Keeps an event of the run's root execution. */
  take<TType extends LoggedEventType>(type: TType, event: ExecutionEvents[TType]): void {
    if (this.#isOver || this.#isDropped) return;
    this.#push(loggedEvent(type, event, this.#nextSeq()));
    this.#flushSoon();
    this.#wake();
  }

  /** The events above a number that are not written yet. */
  after(seq: number): readonly StoredRunEvent[] {
    return this.#unwritten.filter((event) => event.seq > seq);
  }

  /** Resolves with the next event, or when the log is dropped. */
  changed(): { readonly promise: Promise<void>; readonly cancel: () => void } {
    let wake!: () => void;
    const promise = new Promise<void>((resolve) => (wake = resolve));
    this.#wakes.push(wake);
    return {
      promise,
      cancel: () => {
        this.#wakes = this.#wakes.filter((other) => other !== wake);
        wake();
      },
    };
  }

  /** Writes what is not written; resolves true when all is, false where the store has failed. */
  flush(): Promise<boolean> {
    this.#isDue = false;
    if (this.#unwritten.length === 0) return Promise.resolve(true);
    // One after the other: events are stored in their order.
    return (this.#writing ??= this.#write());
  }

  /** Forgets what is not written: somebody else writes this log now, or nobody. */
  drop(): void {
    this.#isDropped = true;
    this.#unwritten = [];
    this.#wake();
  }

  #write(): Promise<boolean> {
    const batch = this.#unwritten.slice(0, MOST_EVENTS);
    return this.#host.write(batch).then(
      () => {
        this.#writing = undefined;
        const last = batch.at(-1)?.seq ?? 0;
        // Nearly always nothing has come meanwhile.
        this.#unwritten = this.#lastSeq === last ? [] : this.#unwritten.filter((event) => event.seq > last);
        return this.#unwritten.length === 0 || this.flush();
      },
      (error: unknown) => {
        this.#writing = undefined;
        const isMine = !isInstanceOf(error, PipelineError) || error.code !== 'LEASE_LOST';
        if (!isMine) this.drop();
        return !isMine;
      },
    );
  }

  #flushSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#host.flushSoon(this);
  }

  #nextSeq(): number {
    this.#lastSeq += 1;
    return this.#lastSeq;
  }

  #push(event: StoredRunEvent): void {
    this.#unwritten.push(event);
    // The store is away: what is lost is a gap for readers.
    if (this.#unwritten.length > MOST_EVENTS) this.#unwritten.shift();
  }

  #wake(): void {
    if (this.#wakes.length === 0) return;
    const wakes = this.#wakes;
    this.#wakes = [];
    for (const wake of wakes) wake();
  }
}

/** One method per event, on the prototype: a run makes an object, no functions. */
class LogObserver {
  constructor(readonly log: RunLog) {}

  static {
    for (const type of loggedEventTypes) {
      Object.defineProperty(this.prototype, type, {
        value(this: LogObserver, event: ExecutionEvents[typeof type]): void {
          this.log.take(type, event);
        },
      });
    }
  }
}
