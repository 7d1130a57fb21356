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

/** Calls `announce` in the context of the run to which the ended scope belongs. */
type Dispatch = (announce: () => void) => void;

/** See {@link CancelScope.dormant}. */
export interface DormantLimits {
  readonly deadlineMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

type SignalMade = (signal: AbortSignal, scope: CancelScope) => void;

/** Rarely used fields of a scope, kept apart so that scopes, which may be made per item, stay small. */
class ScopeExtras {
  clock: Clock | undefined;
  dispatch: Dispatch | undefined;
  budget: Budget | undefined;
  dormant: DormantLimits | undefined;
  signalMade: SignalMade | undefined;
  /** Number of holds on the scope's time limit. */
  holds = 0;
  /** Time left until the limit while it is held; undefined otherwise. */
  leftMs: number | undefined;
}

/**
 * A part of a run that is cancelled as a whole: the run, or an execution or item with its own limit.
 *
 * Ending a scope ends all scopes below; the first reason wins. A scope is closed when its work is done, and can then no
 * longer end by itself: its remaining listeners and open scopes below hear the end of the nearest open enclosing scope.
 */
export class CancelScope {
  /** The reason of the scope's end, undefined before it; cheaper to read than `signal.aborted`. */
  reason: RunCancelledError | undefined;
  readonly path: string;
  readonly parent: CancelScope | undefined;
  /** The scope that a cancel from inside ends: this one, or for an implicit scope the one around. */
  readonly nearest: CancelScope;
  /** The scope of the whole run. */
  readonly run: CancelScope;
  /** True if the scope was ended by its own time limit. */
  hasExpired = false;
  #controller: AbortController | undefined;
  #children: Set<CancelScope> | undefined;
  /** Closed scopes from below that still have listeners. */
  #left: LeftScopes<CancelScope> | undefined;
  #watchers: Set<() => void> | undefined;
  #stopAlarm: (() => void) | undefined;
  #closed = false;
  #deadlineMs: number | undefined;
  #extras: ScopeExtras | undefined;

  /**
   * @param startsRun true for the scope of a run that was started inside of the parent's run.
   * @param isImplicit true for a scope that only provides a signal; a cancel from inside then ends the scope around.
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

  /** The nearest enclosing scope that is not closed. Listeners left on the closed scopes between hear its end. */
  static #openAround(scope: CancelScope): CancelScope | undefined {
    let around = scope.parent;
    while (around !== undefined && around.#closed) around = around.parent;
    return around;
  }

  /** The clock of this scope, and of the scopes below in the same run. */
  get clock(): Clock {
    const given = this.#extras?.clock;
    if (given !== undefined) return given;
    const above = this.parent?.clock;
    if (above !== undefined && this.run !== this) return above;
    return (CancelScope.#extrasOf(this).clock = clockUnder(above));
  }

  /** Sets the clock of this scope and those below; must be called before a limit is set. */
  useClock(clock: Clock): this {
    CancelScope.#extrasOf(this).clock = clock;
    return this;
  }

  /**
   * Time of the scope's end, in milliseconds since the epoch: its own limit, or an earlier one above.
   *
   * A closed scope has no limit of its own. Undefined without any limit.
   */
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
   * Sets the scope's time limit, replacing an earlier one; a limit in the past ends the scope at once.
   *
   * @param deadlineMs time in milliseconds since the epoch; undefined removes the limit.
   * @param keepsAlive if false, the limit does not keep the process from exiting.
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

  /** Makes the scope's own time limit, if there is one, keep the process from exiting. */
  keepAlive(): void {
    this.limitTo(this.#deadlineMs);
  }

  /**
   * Stops the time of the scope's own limit; returns the function that lets it go on.
   *
   * With several holds, the time goes on when all are released. Until then {@link deadlineMs} is the earliest possible end.
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

  /** Gives the scope a budget of its own, below the budgets around; `limits` must never change. */
  limitBudget(limits: BudgetLimits | undefined): void {
    CancelScope.#extrasOf(this).budget = this.#newBudget(limits);
  }

  #newBudget(limits: BudgetLimits | undefined): Budget {
    const above = this.run === this ? undefined : this.parent?.budget;
    return new Budget(limits, this.path, above, (error) => {
      this.#endAll(new RunCancelledError(error.reason, error.path, { cause: error }));
    });
  }

  /** Limits of a restored run, not active until the scope is watched or its signal is read. */
  get dormant(): DormantLimits | undefined {
    return this.#extras?.dormant;
  }

  set dormant(limits: DormantLimits | undefined) {
    CancelScope.#extrasOf(this).dormant = limits;
  }

  /** Calls a function with each signal made in this scope or below; used in development mode. */
  tellSignals(signalMade: SignalMade): void {
    CancelScope.#extrasOf(this).signalMade = signalMade;
  }

  /** The nearest budget: this scope's own, or one around it in the same run. */
  get budget(): Budget {
    const known = this.#extras?.budget;
    if (known !== undefined) return known;
    const { parent } = this;
    // A run that was started inside of another one does not share its budget.
    if (parent !== undefined && this.run !== this) return parent.budget;
    return (CancelScope.#extrasOf(this).budget = this.#newBudget(undefined));
  }

  /** Sets the function that announces the ends of this scope and those below, in the run's own context. */
  dispatchThrough(dispatch: Dispatch): void {
    CancelScope.#extrasOf(this).dispatch = dispatch;
  }

  /**
   * Aborts when the scope ends, with its {@link RunCancelledError} as reason; made when first read.
   *
   * For a closed scope whose own signal is not in use, this is the signal of the nearest open enclosing scope.
   */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const around = this.#closed && this.reason === undefined ? CancelScope.#openAround(this) : undefined;
      if (around !== undefined) return around.signal;
      this.#wake();
      this.#controller = new AbortController();
      // Every call of a node may add a listener, so Node's warning about many listeners is switched off.
      setMaxListeners(0, this.#controller.signal);
      if (this.reason !== undefined) this.#controller.abort(this.reason);
      CancelScope.#tellOf(this.#controller.signal, this);
    }
    return this.#controller.signal;
  }

  static #extrasOf(scope: CancelScope): ScopeExtras {
    return (scope.#extras ??= new ScopeExtras());
  }

  /** Calls the nearest function set by `tellSignals`; for a run inside of another one, that is its own. */
  static #tellOf(signal: AbortSignal, scope: CancelScope): void {
    let told: CancelScope | undefined = scope;
    while (told !== undefined && told.#extras?.signalMade === undefined) told = told.parent;
    if (told !== undefined) told.#extras?.signalMade?.(signal, scope);
  }

  /**
   * Ends this scope and all below. Never throws, and does nothing for a scope that has ended or was closed.
   *
   * @param given a `CancelReason`; any other value becomes the cause of a cancel of kind `user`.
   */
  cancel(given: unknown, path: string | undefined): void {
    if (this.reason !== undefined || this.#closed) return;
    const { reason, ...more } = cancelReasonOf(given);
    this.#endAll(new RunCancelledError(reason, path, more));
  }

  /** Ends this scope and all below with a reason that only the framework may use. */
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

  /** Calls a function once when the scope ends, before its signal aborts. Returns the function that stops watching. */
  watch(watcher: () => void): () => void {
    this.#wake();
    (this.#watchers ??= new Set()).add(watcher);
    if (this.#closed) this.#stayHeard();
    return () => {
      if (this.#watchers?.delete(watcher) === true && this.#closed && !this.isHeard) this.#leaveAround();
    };
  }

  /** True once the work of this scope is done. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** True while the scope has watchers, or listeners on its signal, and has not ended. */
  get isHeard(): boolean {
    if (this.reason !== undefined) return false;
    const { size = 0 } = this.#watchers ?? {};
    return size > 0 || (this.#controller !== undefined && isHeard(this.#controller.signal));
  }

  /** Closes the scope when its work is done. The scope around takes over remaining listeners and open scopes below. */
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

  /** Drops watchers and signal, which are no longer needed; a signal that has aborted is kept. */
  #letGo(): void {
    this.#watchers = undefined;
    if (this.reason === undefined && this.parent !== undefined) this.#controller = undefined;
  }

  /** Lets a watcher added to a closed scope hear the end of the nearest open enclosing scope. */
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

  /** The function set by `dispatchThrough` for the scope's own run, even if an enclosing run is ending. */
  static #dispatchOf(scope: CancelScope): Dispatch | undefined {
    const own = scope.#extras?.dispatch;
    return own !== undefined || scope.parent === undefined ? own : CancelScope.#dispatchOf(scope.parent);
  }

  #announce(): void {
    try {
      // A copy is iterated, since a watcher may remove others, or add some, which hear of the end by themselves.
      for (const watcher of [...(this.#watchers ?? [])]) if (this.#watchers?.has(watcher) === true) watcher();
    } finally {
      this.#controller?.abort(this.reason);
    }
  }
}
