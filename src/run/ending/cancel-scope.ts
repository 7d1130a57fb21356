import { setMaxListeners } from 'node:events';
import { isHeard } from './heard-signal.js';
import { LeftScopes } from './left-scopes.js';
import { cancelReasonOf } from '../../errors/cancel-reason.js';
import type { CancelReason } from '../../errors/cancel-reason.js';
import { RunCancelledError } from '../../errors/run-cancelled-error.js';
import { clockUnder } from '../../ports/clock.js';
import type { Clock } from '../../ports/clock.js';
import { alarmAt } from './alarm.js';
import { Budget } from '../spending/budget.js';
import type { BudgetLimits } from '../spending/budget-limits.js';
import { relaySignal } from './relay-signal.js';

/** Calls a function in the context that ends of scopes are announced in. */
type Dispatch = (announce: () => void) => void;

/** See {@link CancelScope.dormant}. */
export interface DormantLimits {
  readonly deadlineMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

type SignalMade = (signal: AbortSignal, scope: CancelScope) => void;

/** What few scopes have: the items of a node with a limit have one each. */
class ScopeExtras {
  clock: Clock | undefined;
  dispatch: Dispatch | undefined;
  budget: Budget | undefined;
  dormant: DormantLimits | undefined;
  signalMade: SignalMade | undefined;
  /** How often its limit is held, and how much of it is left meanwhile. */
  holds = 0;
  leftMs: number | undefined;
}

/**
 * A part of a run that ends as a whole: the run itself, or an execution or item with a limit of its own.
 *
 * Ending a scope ends every scope below it, and the first reason wins. A scope that was closed ends no more by itself.
 * Listeners that are left on it then, and scopes below that are still open, hear the end of the nearest open scope
 * around it.
 */
export class CancelScope {
  /** Why the scope has ended, undefined while it has not; cheaper to read than `signal.aborted`. */
  reason: RunCancelledError | undefined;
  readonly path: string;
  readonly parent: CancelScope | undefined;
  /** The nearest scope that a cancel from inside ends. */
  readonly nearest: CancelScope;
  /** The scope of the whole run. */
  readonly run: CancelScope;
  /** Whether it has ended by its own limit. */
  hasExpired = false;
  #controller: AbortController | undefined;
  #children: Set<CancelScope> | undefined;
  /** Scopes from below that were closed, of which listeners are left. */
  #left: LeftScopes<CancelScope> | undefined;
  #watchers: Set<() => void> | undefined;
  #stopAlarm: (() => void) | undefined;
  #closed = false;
  #deadlineMs: number | undefined;
  #extras: ScopeExtras | undefined;

  /**
   * @param startsRun whether this scope is a run of its own that a parent's run has started.
   * @param isImplicit whether it was made for a signal only: a cancel from inside is meant for the scope around it.
   */
  constructor(path: string, parent?: CancelScope, startsRun = false, isImplicit = false) {
    this.nearest = isImplicit && parent !== undefined ? parent.nearest : this;
    this.path = path;
    this.parent = parent;
    this.run = parent === undefined || startsRun ? this : parent.run;
    const around = parent !== undefined && parent.#closed ? CancelScope.#openAround(parent) : parent;
    this.reason = parent?.reason ?? around?.reason;
    if (around !== undefined) (around.#children ??= new Set()).add(this);
  }

  /** The nearest scope around one that has not been closed: what is left of those between hears its end. */
  static #openAround(scope: CancelScope): CancelScope | undefined {
    let around = scope.parent;
    while (around !== undefined && around.#closed) around = around.parent;
    return around;
  }

  /** What the time of this scope, and of those below in its run, is told by. */
  get clock(): Clock {
    const given = this.#extras?.clock;
    if (given !== undefined) return given;
    const above = this.parent?.clock;
    if (above !== undefined && this.run !== this) return above;
    return (CancelScope.#extrasOf(this).clock = clockUnder(above));
  }

  /** Lets the time here and below be told by a clock; to be called before anything is limited. */
  useClock(clock: Clock): this {
    CancelScope.#extrasOf(this).clock = clock;
    return this;
  }

  /** When the scope ends by itself, in milliseconds since the epoch; never later than the parent's. Closed, it has no limit of its own. */
  get deadlineMs(): number | undefined {
    const above = this.parent?.deadlineMs;
    if (this.#closed) return above;
    const leftMs = this.#extras?.leftMs;
    const own =
      leftMs === undefined ? (this.#deadlineMs ?? this.dormant?.deadlineMs) : this.clock.now() + leftMs;
    if (above === undefined || own === undefined) return above ?? own;
    return Math.min(above, own);
  }

  /**
   * Ends the scope by itself at a moment, in milliseconds since the epoch, at once if that has passed; undefined lifts the limit.
   *
   * @param keepsAlive whether the process waits for that moment.
   */
  limitTo(deadlineMs: number | undefined, keepsAlive = true): void {
    this.#deadlineMs = deadlineMs;
    this.#stopAlarm?.();
    this.#stopAlarm = undefined;
    if (deadlineMs === undefined || this.reason !== undefined || this.#closed) return;
    const { clock } = this;
    if (deadlineMs <= clock.now()) this.#expire();
    else
      this.#stopAlarm = alarmAt(
        clock,
        deadlineMs,
        () => {
          this.#expire();
        },
        keepsAlive,
      );
  }

  /** Lets the process wait for the scope's own limit, if there is one, where it did not. */
  keepAlive(): void {
    this.limitTo(this.#deadlineMs);
  }

  /**
   * Lets the scope's own limit stand still until the function that it gives is called, for each call of this one.
   *
   * Meanwhile {@link deadlineMs} is the earliest moment at which the scope can end.
   */
  holdLimit(): () => void {
    const extras = CancelScope.#extrasOf(this);
    if (extras.holds === 0 && this.#deadlineMs !== undefined) {
      extras.leftMs = this.#deadlineMs - this.clock.now();
      this.#stopAlarm?.();
      this.#stopAlarm = undefined;
    }
    extras.holds += 1;
    return () => {
      extras.holds -= 1;
      if (extras.holds > 0 || extras.leftMs === undefined) return;
      const { leftMs } = extras;
      extras.leftMs = undefined;
      this.limitTo(this.clock.now() + leftMs);
    };
  }

  /** Gives the scope a budget of its own, within what is left of those around it; the limits are never changed. */
  limitBudget(limits: BudgetLimits | undefined): void {
    CancelScope.#extrasOf(this).budget = this.#newBudget(limits);
  }

  #newBudget(limits: BudgetLimits | undefined): Budget {
    const above = this.run === this ? undefined : this.parent?.budget;
    return new Budget(limits, this.path, above, (error) => {
      this.#endAll(new RunCancelledError(error.reason, error.path, { cause: error }));
    });
  }

  /** Limits that nobody watches yet: of a restored run, until something runs in it or asks for its signal. */
  get dormant(): DormantLimits | undefined {
    return this.#extras?.dormant;
  }

  set dormant(limits: DormantLimits | undefined) {
    CancelScope.#extrasOf(this).dormant = limits;
  }

  /** Tells of each signal that is made here or below, in development mode. */
  tellSignals(signalMade: SignalMade): void {
    CancelScope.#extrasOf(this).signalMade = signalMade;
  }

  /** The nearest budget: this scope's own, or one around it in the same run. */
  get budget(): Budget {
    const known = this.#extras?.budget;
    if (known !== undefined) return known;
    const { parent } = this;
    // At the top of a run nothing is shared with what is around it.
    if (parent !== undefined && this.run !== this) return parent.budget;
    return (CancelScope.#extrasOf(this).budget = this.#newBudget(undefined));
  }

  /** Announces this scope's end, and the ends of the scopes below, through a function: in the run's own context. */
  dispatchThrough(dispatch: Dispatch): void {
    CancelScope.#extrasOf(this).dispatch = dispatch;
  }

  /**
   * Aborts with the scope's {@link RunCancelledError} as reason; made when first read.
   *
   * Once the scope is closed, that of the nearest open scope around it, unless somebody still listens to its own.
   */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const around = this.#closed && this.reason === undefined ? CancelScope.#openAround(this) : undefined;
      if (around !== undefined) return around.signal;
      this.#wake();
      this.#controller = new AbortController();
      // Every call of every node may listen: the warning about many listeners would be about the rule.
      setMaxListeners(0, this.#controller.signal);
      if (this.reason !== undefined) this.#controller.abort(this.reason);
      CancelScope.#tellOf(this.#controller.signal, this);
    }
    return this.#controller.signal;
  }

  static #extrasOf(scope: CancelScope): ScopeExtras {
    return (scope.#extras ??= new ScopeExtras());
  }

  /** Only the nearest is told: the run's own, where runs stand in runs. */
  static #tellOf(signal: AbortSignal, scope: CancelScope): void {
    let told: CancelScope | undefined = scope;
    while (told !== undefined && told.#extras?.signalMade === undefined) told = told.parent;
    if (told !== undefined) told.#extras?.signalMade?.(signal, scope);
  }

  /**
   * Ends this scope and all below it; never throws, and does nothing when it has ended or was closed.
   *
   * @param given a `CancelReason`; anything else becomes the cause of a cancel by the user.
   */
  cancel(given: unknown, path: string | undefined): void {
    if (this.reason !== undefined || this.#closed) return;
    const { reason, ...more } = cancelReasonOf(given);
    this.#endAll(new RunCancelledError(reason, path, more));
  }

  /** The same for a reason of the framework's own, which a user cannot give. */
  end(reason: CancelReason, path: string): void {
    if (this.reason === undefined && !this.#closed) this.#endAll(new RunCancelledError(reason, path));
  }

  #endAll(reason: RunCancelledError): void {
    if (this.#closed) return;
    const ended: CancelScope[] = [];
    this.#end(reason, ended);
    for (const scope of ended) {
      const dispatch = CancelScope.#dispatchOf(scope);
      if (dispatch === undefined) scope.#announce();
      else
        dispatch(() => {
          scope.#announce();
        });
    }
  }

  /** Calls back once when the scope ends, before its signal aborts; gives the function that stops watching. */
  watch(watcher: () => void): () => void {
    this.#wake();
    (this.#watchers ??= new Set()).add(watcher);
    if (this.#closed) this.#stayHeard();
    return () => {
      if (this.#watchers?.delete(watcher) === true && this.#closed && !this.isHeard) this.#leaveAround();
    };
  }

  /** Whether the work of this scope has ended. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Whether anybody would hear the end of this scope. */
  get isHeard(): boolean {
    if (this.reason !== undefined) return false;
    const { size = 0 } = this.#watchers ?? {};
    return size > 0 || (this.#controller !== undefined && isHeard(this.#controller.signal));
  }

  /** Calls the alarm off, and hands on to the scope around what is still to hear of an end: the work of this scope has ended. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopAlarm?.();
    this.#stopAlarm = undefined;
    const around = CancelScope.#openAround(this);
    if (around !== undefined) around.#children?.delete(this);
    if (this.#children !== undefined || this.#left !== undefined) this.#handOn(around);
    if (around !== undefined && this.isHeard) (around.#left ??= new LeftScopes()).add(this);
    else this.#letGo();
  }

  #handOn(around: CancelScope | undefined): void {
    if (around !== undefined && this.reason === undefined) {
      for (const child of this.#children ?? []) (around.#children ??= new Set()).add(child);
      for (const left of this.#left ?? []) (around.#left ??= new LeftScopes()).add(left);
    }
    this.#children = undefined;
    this.#left = undefined;
  }

  /** Keeps nothing for listeners: there are none, or nothing is left to be heard. A signal that has aborted stays so. */
  #letGo(): void {
    this.#watchers = undefined;
    if (this.reason === undefined && this.parent !== undefined) this.#controller = undefined;
  }

  /** A closed scope is listened to again: the listener hears the end of the scope around it. */
  #stayHeard(): void {
    if (this.reason !== undefined) return;
    const around = CancelScope.#openAround(this);
    this.reason = around?.reason;
    if (around !== undefined && this.reason === undefined) (around.#left ??= new LeftScopes()).add(this);
  }

  #leaveAround(): void {
    const around = CancelScope.#openAround(this);
    if (around !== undefined) around.#left?.delete(this);
  }

  #wake(): void {
    const { dormant } = this;
    if (dormant === undefined || this.#closed) return;
    const { signal, deadlineMs } = dormant;
    this.dormant = undefined;
    relaySignal(signal, this);
    this.limitTo(deadlineMs, false);
  }

  #expire(): void {
    this.hasExpired = this.reason === undefined;
    this.cancel({ kind: 'deadline', message: 'its time is over', path: this.path }, this.path);
  }

  #end(reason: RunCancelledError, ended: CancelScope[]): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.#stopAlarm?.();
    ended.push(this);
    for (const child of this.#children ?? []) child.#end(reason, ended);
    for (const left of this.#left ?? []) left.#end(reason, ended);
    this.#left = undefined;
  }

  /** That of the run that the scope belongs to, though it may have joined another one. */
  static #dispatchOf(scope: CancelScope): Dispatch | undefined {
    const own = scope.#extras?.dispatch;
    return own !== undefined || scope.parent === undefined ? own : CancelScope.#dispatchOf(scope.parent);
  }

  #announce(): void {
    try {
      // One may stop another, or add one, which is told by itself.
      for (const watcher of [...(this.#watchers ?? [])]) if (this.#watchers?.has(watcher) === true) watcher();
    } finally {
      this.#controller?.abort(this.reason);
    }
  }
}
