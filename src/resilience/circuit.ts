import type { Clock } from '../ports/clock.js';
import { alarmAt } from '../run/ending/alarm.js';
import type { CircuitNumbers } from './circuit-breaker.js';
import { FailureCount, FailureRatio } from './failure-window.js';
import type { FailureWindow } from './failure-window.js';

/**
 * What a circuit does with calls: lets all through, refuses all, or lets one through to see whether it may close.
 */
export type CircuitState = 'closed' | 'open' | 'halfOpen';

/** Hears of the changes of a circuit that its own call has brought about. */
export interface CircuitCaller {
  circuitChanged(from: CircuitState, to: CircuitState): void;
}

/** Waits until a circuit lets it through. */
interface CircuitWaiter {
  readonly caller: CircuitCaller;
  readonly granted: (call: CircuitCall) => void;
}

/** What came of a call: nothing, where the call tells nothing about what it needs. */
type CallEnd = 'succeeded' | 'failed' | 'nothing';

/** Ends a call at its circuit. */
type EndCall = (call: CircuitCall, end: CallEnd) => void;

/** A call that a circuit has let through; it must be ended once, later ends are ignored. */
export class CircuitCall {
  #isOver = false;

  constructor(
    private readonly circuit: Circuit,
    private readonly endCall: EndCall,
    readonly caller: CircuitCaller,
    /** The number of changes of the circuit before the call. */
    readonly era: number,
  ) {}

  /** Whether the call may begin: the circuit has not changed since the call was let through. */
  get isStanding(): boolean {
    return !this.#isOver && this.circuit.admits(this);
  }

  succeeded(): void {
    this.#end('succeeded');
  }

  failed(): void {
    this.#end('failed');
  }

  /** Ends the call without a result: cancelled, or not made. Another one takes its place. */
  withdraw(): void {
    this.#end('nothing');
  }

  #end(end: CallEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.endCall(this, end);
  }
}

/**
 * Opens when too many calls have failed, refuses calls for a time, then lets one through: by that call it closes, or
 * opens again.
 *
 * A call counts only if the circuit has not changed since the call was let through. There is a timer only while
 * somebody waits, and never more than one.
 */
export class Circuit {
  readonly #window: FailureWindow;
  #state: CircuitState = 'closed';
  /** How often the circuit has changed. */
  #era = 0;
  #openUntilMs = 0;
  /** Half open: the call by which the circuit closes or opens, until when that call keeps others out. */
  #probe: CircuitCall | undefined;
  #probeUntilMs = 0;
  /** In the order of coming. */
  readonly #waiting = new Set<CircuitWaiter>();
  #alarmMs: number | undefined;
  #stopAlarm: () => void = nothing;

  constructor(
    readonly numbers: CircuitNumbers,
    private readonly clock: Clock,
  ) {
    const { threshold, ratio, atLeast, windowMs } = numbers;
    this.#window =
      threshold === undefined
        ? new FailureRatio(ratio, atLeast, windowMs)
        : new FailureCount(threshold, windowMs);
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** How long the circuit stays open from now on, in milliseconds; 0 where it is not open, or its time is over. */
  get leftMs(): number {
    return this.#state === 'open' ? Math.max(0, this.#openUntilMs - this.clock.now()) : 0;
  }

  /** How many wait to be let through. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Lets a call through; undefined where the circuit refuses it now. */
  enter(caller: CircuitCaller): CircuitCall | undefined {
    if (this.#state === 'closed') return this.#callOf(caller);
    const nowMs = this.clock.now();
    // Those who wait came first, also where their timer is late.
    this.#letIn(nowMs);
    return this.#isFree(nowMs) ? this.#tryBy(caller, nowMs) : undefined;
  }

  /**
   * Waits in line until the circuit lets the call through; gives the function that stops waiting.
   *
   * Call it right after {@link enter} has refused the call.
   */
  wait(caller: CircuitCaller, granted: (call: CircuitCall) => void): () => void {
    const waiter: CircuitWaiter = { caller, granted };
    this.#waiting.add(waiter);
    this.#setAlarm();
    return () => {
      if (this.#waiting.delete(waiter)) this.#setAlarm();
    };
  }

  /** Whether a call that was let through may begin, in place of asking again. */
  admits(call: CircuitCall): boolean {
    return call.era === this.#era && (this.#state === 'closed' || this.#probe === call);
  }

  readonly #end: EndCall = (call, end) => {
    if (call.era !== this.#era) return;
    const nowMs = this.clock.now();
    if (this.#state === 'closed') {
      if (end !== 'nothing' && this.#window.add(end === 'failed', nowMs)) this.#open(call.caller, nowMs);
    } else if (end === 'nothing') {
      if (this.#probe !== call) return;
      this.#probe = undefined;
      this.#letIn(nowMs);
      this.#setAlarm();
    } else if (end === 'failed') this.#open(call.caller, nowMs);
    else this.#close(call.caller);
  };

  #callOf(caller: CircuitCaller): CircuitCall {
    return new CircuitCall(this, this.#end, caller, this.#era);
  }

  /** Whether the one call that a half open circuit lets through may come now. */
  #isFree(nowMs: number): boolean {
    if (this.#state === 'open') return nowMs >= this.#openUntilMs;
    return this.#state === 'halfOpen' && (this.#probe === undefined || nowMs >= this.#probeUntilMs);
  }

  /** Lets the first of those who wait through, if one may come. */
  #letIn(nowMs: number): void {
    const [first] = this.#waiting;
    if (first === undefined || !this.#isFree(nowMs)) return;
    this.#waiting.delete(first);
    first.granted(this.#tryBy(first.caller, nowMs));
  }

  /** Lets the call through by which the circuit closes or opens again. */
  #tryBy(caller: CircuitCaller, nowMs: number): CircuitCall {
    const wasOpen = this.#state === 'open';
    if (wasOpen) this.#become('halfOpen');
    const call = this.#callOf(caller);
    this.#probe = call;
    this.#probeUntilMs = nowMs + this.numbers.openMs;
    this.#setAlarm();
    if (wasOpen) caller.circuitChanged('open', 'halfOpen');
    return call;
  }

  #open(caller: CircuitCaller, nowMs: number): void {
    const from = this.#state;
    this.#become('open');
    this.#openUntilMs = nowMs + this.numbers.openMs;
    this.#setAlarm();
    caller.circuitChanged(from, 'open');
  }

  #close(caller: CircuitCaller): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    this.#become('closed');
    this.#setAlarm();
    for (const waiter of waiting) waiter.granted(this.#callOf(waiter.caller));
    caller.circuitChanged('halfOpen', 'closed');
  }

  #become(state: CircuitState): void {
    this.#state = state;
    this.#era += 1;
    this.#probe = undefined;
    this.#window.clear();
  }

  /** Sets the timer for the moment at which the first of those who wait may come; none while nobody waits. */
  #setAlarm(): void {
    const ringMs =
      this.#waiting.size === 0 ? undefined : this.#state === 'open' ? this.#openUntilMs : this.#probeUntilMs;
    if (ringMs === this.#alarmMs) return;
    this.#stopAlarm();
    this.#alarmMs = ringMs;
    this.#stopAlarm = ringMs === undefined ? nothing : alarmAt(this.clock, ringMs, this.#ring);
  }

  readonly #ring = (): void => {
    this.#alarmMs = undefined;
    this.#stopAlarm = nothing;
    this.#letIn(this.clock.now());
    this.#setAlarm();
  };
}

function nothing(): void {
  // Stands where no timer is set.
}
