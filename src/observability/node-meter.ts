import { isPromise, isThenable, toPromise } from '../data/foreign-value.js';
import type { NodeLatency } from '../ports/execution-observer.js';
import { Latencies } from './latencies.js';

/** Calls that are all timed, at the beginning. */
const FIRST_CALLS = 256;
/** What it costs to time one call, in nanoseconds. */
const TIMING_NS = 150;
/** Share of a node's time that may be spent on timing its calls. */
const MOST_TIMING = 0.03;
/** A call that takes so many times the mean stands for itself only. */
const MOST_LIKE = 100;
/** Most calls per timed one, on average. */
const LONGEST_STRIDE = 5000;
/**
 * Measures the calls of one node: all of the first, later a sample, spaced at random so that no pattern of the items
 * falls in with it.
 */
export class NodeMeter {
  #lanes = 1;
  #blockedMs = 0;
  #left = 1;
  #gap = 1;
  #stride = 1;
  #busyMs = 0;
  #calls = 0;
  readonly #latencies = new Latencies();

  /**
   * @param nowMs tells the time, as finely as possible.
   * @param readingMs what reading the clock adds to a duration.
   */
  constructor(
    readonly nowMs: () => number,
    private readonly readingMs: number,
    /** When the node was first ready, by `nowMs`. */
    readonly sinceMs: number,
  ) {}

  /** Calls that the node may work on at once. */
  get lanes(): number {
    return this.#lanes;
  }

  /** Milliseconds that finished results have waited for their turn. */
  get blockedMs(): number {
    return this.#blockedMs;
  }

  /**
   * Milliseconds in calls, estimated from the timed ones.
   *
   * @param calls how many there were, where that is known better than by those that were asked about.
   */
  busyMs(calls = this.#calls): number {
    return this.#calls === 0 ? 0 : this.#busyMs * (calls / this.#calls);
  }

  /** The percentiles of the timed calls. */
  get latency(): NodeLatency | undefined {
    return this.#latencies.read();
  }

  /** Notes how many calls the node may work on at once. */
  worksOn(lanes: number): void {
    this.#lanes = lanes;
  }

  /** Notes that a result leaves that was finished at a time of `nowMs`. */
  held(doneMs: number): void {
    this.#blockedMs += this.nowMs() - doneMs;
  }

  /** Asked once before each call, or before calls that stand for as many others: true if they must be timed. */
  isDue(): boolean {
    this.#left -= 1;
    return this.#left <= 0;
  }

  /** Begins to time a call. */
  start(): TimedCall {
    const gap = this.#next();
    return new TimedCall(this.nowMs, (tookMs) => {
      this.#record(tookMs, gap);
    });
  }

  /** Makes a call and times it to its end, that of its promise included; what it throws is thrown on. */
  time(call: () => unknown): unknown {
    const timed = this.start();
    const stop = (): void => {
      timed.stop();
    };
    let result: unknown;
    try {
      result = call();
      // Inside the try block: reading `then` of a user's value may throw.
      if (isThenable(result)) {
        // A thenable of the user's own must be listened to once only.
        const promise = isPromise(result) ? result : toPromise(result);
        promise.then(stop, stop);
        return promise;
      }
    } catch (thrown) {
      stop();
      throw thrown;
    }
    stop();
    return result;
  }

  #record(elapsedMs: number, gap: number): void {
    const tookMs = Math.max(elapsedMs - this.readingMs, 0);
    this.#latencies.record(tookMs);
    const meanMs = this.#calls === 0 ? tookMs : this.#busyMs / this.#calls;
    // A call in which the process stood still, for a collection of garbage perhaps, does not stand for others.
    const others = tookMs > MOST_LIKE * meanMs ? meanMs : tookMs;
    this.#busyMs += tookMs + others * (gap - 1);
    this.#calls += gap;
    const meanNs = Math.max((this.#busyMs / this.#calls) * 1e6, 1);
    this.#stride = Math.min(Math.ceil(TIMING_NS / (MOST_TIMING * meanNs)), LONGEST_STRIDE);
  }

  /** Chooses the next call to time; gives the number of calls that this one stands for. */
  #next(): number {
    const gap = this.#gap;
    const isDense = this.#stride === 1 || this.#latencies.count < FIRST_CALLS;
    this.#gap = isDense ? 1 : 1 + Math.floor(Math.random() * (2 * this.#stride - 1));
    this.#left = this.#gap;
    return gap;
  }
}

/** One call that is timed; its time stands still while it is not at work. */
export class TimedCall {
  #startMs: number;
  #pausedMs: number | undefined;

  constructor(
    private readonly nowMs: () => number,
    /** Takes how long the call was at work. */
    private readonly record: (elapsedMs: number) => void,
  ) {
    this.#startMs = nowMs();
  }

  /** The call waits for something that others give. */
  pause(): void {
    this.#pausedMs ??= this.nowMs();
  }

  /** The call goes on; bound, to stand behind a promise. */
  readonly resume = (): undefined => {
    if (this.#pausedMs === undefined) return;
    this.#startMs += this.nowMs() - this.#pausedMs;
    this.#pausedMs = undefined;
  };

  /** The call has ended. */
  stop(): void {
    this.resume();
    this.record(this.nowMs() - this.#startMs);
  }
}
