import { isInstanceOf } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { executionEventTypes } from '../ports/execution-observer.js';
import type { ExecutionEvent, ExecutionObserver } from '../ports/execution-observer.js';
import { MOST_EVENTS } from './memory-run-log.js';
import type { RunEnded, RunStarted, StoredRunEvent } from './run-event.js';

/** The kinds of events that say nothing of the root itself. */
const leftOut: readonly string[] = ['compositeStarted', 'compositeCompleted'];

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
  #rootId: string | undefined;
  #isOver = false;
  #isDropped = false;
  #writing: Promise<boolean> | undefined;
  #wakes: (() => void)[] = [];

  constructor(host: LogHost) {
    this.#host = host;
  }

  /** Adds an event of the manager's own; `runEnded` ends the log. */
  add(event: Omit<RunStarted, 'seq'> | Omit<RunEnded, 'seq'>): void {
    if (this.#isOver || this.#isDropped) return;
    this.#push(event);
    if (event.type === 'runEnded') this.#isOver = true;
    else this.#host.flushSoon(this);
    this.#wake();
  }

  /** Gets the events of a run, and keeps those of its root; for one run only. */
  observer(): ExecutionObserver {
    const observer: object = new LogObserver((event) => {
      if (event.type === 'pipelineStarted') this.#rootId ??= event.pipelineId;
      if (event.pipelineId !== this.#rootId || this.#isOver || this.#isDropped) return;
      this.#push(event);
      this.#host.flushSoon(this);
      this.#wake();
    });
    return observer;
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
        this.#unwritten =
          this.#lastSeq === last ? [] : this.#unwritten.filter((event) => event.seq > last);
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

  #push(event: { readonly at: Date | number }): void {
    this.#lastSeq += 1;
    this.#unwritten.push({ ...event, at: Number(event.at), seq: this.#lastSeq } as StoredRunEvent);
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
  constructor(readonly keep: (event: ExecutionEvent) => void) {}

  static {
    for (const type of executionEventTypes) {
      if (leftOut.includes(type)) continue;
      Object.defineProperty(this.prototype, type, {
        value(this: LogObserver, event: ExecutionEvent): void {
          this.keep(event);
        },
      });
    }
  }
}
