import { isThenable, whenSettled } from '../../data/foreign-value.js';
import { runInContext } from '../../context/ambient-context.js';
import { CancelScope } from '../../run/ending/cancel-scope.js';
import { enterExecution } from '../execution/active-scopes.js';
import type { Execution } from '../execution/execution.js';
import { Pending } from '../execution/pending.js';
import type { StageSite } from '../execution/stage-site.js';
import { TryContext } from './try-context.js';

/** What may come of a try with a limit; exactly one of these is called. */
export interface TimedOutcome {
  value(value: unknown): unknown;
  thrown(thrown: unknown): unknown;
  timedOut(): unknown;
  /** The execution had ended before the try could start. */
  notStarted(): unknown;
}

/**
 * Makes one try with a limit, in a scope of its own: all that runs in the try hears that limit.
 *
 * At the limit the item goes on without the call. The call puts off the disposal of its execution and of those around
 * it. If an enclosing scope ends first, that is a cancel: the call is awaited.
 *
 * @returns what the outcome gives, or a {@link Pending} with it.
 */
export function timedTry(
  execution: Execution,
  site: StageSite,
  timeoutMs: number,
  call: (scope: CancelScope) => unknown,
  outcome: TimedOutcome,
): unknown {
  const room = execution.run.roomBeside(site.path);
  if (room !== undefined) {
    const later = new Pending();
    later.work = room.then(() =>
      later.settle(
        execution.isHalted ? outcome.notStarted() : timedTry(execution, site, timeoutMs, call, outcome),
      ),
    );
    return later;
  }
  const scope = new CancelScope(site.path, execution.frame.scope);
  scope.limitTo(scope.clock.now() + timeoutMs);
  let called: unknown;
  try {
    called = runInContext(new TryContext(execution, scope), call, scope);
  } catch (thrown) {
    scope.close();
    return outcome.thrown(thrown);
  }
  if (!isThenable(called)) {
    scope.close();
    return outcome.value(called);
  }
  return new TimedCall(execution, site, scope, outcome).wait(called);
}

/** Makes one try without a limit; gives what the outcome gives, or a {@link Pending} with it. */
export function plainTry(call: () => unknown, outcome: Pick<TimedOutcome, 'value' | 'thrown'>): unknown {
  let called: unknown;
  try {
    called = call();
  } catch (thrown) {
    return outcome.thrown(thrown);
  }
  if (!isThenable(called)) return outcome.value(called);
  const pending = new Pending();
  pending.work = whenSettled(
    called,
    (value) => pending.settle(outcome.value(value)),
    (thrown) => pending.settle(outcome.thrown(thrown)),
  );
  return pending;
}

/** A call under way that has a limit. */
class TimedCall {
  readonly #pending = new Pending();
  #isDecided = false;
  #unwatch = (): void => undefined;
  #finish: () => void = () => undefined;

  constructor(
    private readonly execution: Execution,
    private readonly site: StageSite,
    private readonly scope: CancelScope,
    private readonly outcome: TimedOutcome,
  ) {}

  wait(called: PromiseLike<unknown>): Pending {
    const { outcome, scope } = this;
    this.#pending.work = new Promise((resolve) => {
      this.#finish = resolve;
    });
    const ended = whenSettled(
      called,
      (value) => {
        this.#decide(() => outcome.value(value));
      },
      (thrown) => {
        this.#decide(() => outcome.thrown(thrown));
      },
    );
    const onEnd = (): void => {
      if (!scope.hasExpired || this.#isDecided) return;
      this.execution.linger(ended, this.site.path);
      // An alarm rings in the run's context; what follows belongs to this execution.
      enterExecution(this.execution, () => {
        this.#decide(() => outcome.timedOut());
      });
    };
    this.#unwatch = scope.watch(onEnd);
    // It may have expired while the call began.
    onEnd();
    return this.#pending;
  }

  #decide(decide: () => unknown): void {
    if (this.#isDecided) return;
    this.#isDecided = true;
    this.#unwatch();
    this.scope.close();
    const settled = this.#pending.settle(decide());
    if (settled === undefined) this.#finish();
    else void settled.then(this.#finish);
  }
}
