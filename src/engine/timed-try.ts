import { isThenable } from '../data/foreign-value.js';
import { runInContext } from '../context/ambient-context.js';
import { CancelScope } from '../run/cancel-scope.js';
import type { Execution } from './execution.js';
import type { StageSite } from './stage-site.js';

/** What may come of a try with a limit; exactly one of these is called. */
export interface TimedOutcome {
  value(value: unknown): unknown;
  thrown(thrown: unknown): unknown;
  timedOut(): unknown;
  /** The execution had ended before the try could start. */
  notStarted(): unknown;
}

/**
 * Makes one try with a limit, in a scope of its own.
 *
 * At the limit the item goes on without the call, which is waited for at the end of the run only. If an enclosing
 * scope ends first, that is a cancel: the call is awaited.
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
    return room.then(() =>
      execution.isHalted ? outcome.notStarted() : timedTry(execution, site, timeoutMs, call, outcome),
    );
  }
  const scope = new CancelScope(site.path, execution.frame.scope);
  scope.limitTo(Date.now() + timeoutMs);
  let called: unknown;
  try {
    called = call(scope);
    // Inside: to look for a 'then' may throw.
    if (isThenable(called)) called = Promise.resolve(called);
  } catch (thrown) {
    scope.close();
    return outcome.thrown(thrown);
  }
  if (!(called instanceof Promise)) {
    scope.close();
    return outcome.value(called);
  }
  const pending: Promise<unknown> = called;
  return new Promise((resolve) => {
    let isSettled = false;
    let unwatch = (): void => undefined;
    const settle = (finish: () => unknown): void => {
      if (isSettled) return;
      isSettled = true;
      unwatch();
      scope.close();
      resolve(finish());
    };
    const onEnd = (): void => {
      if (!scope.hasExpired || isSettled) return;
      execution.run.linger(site.path, pending);
      // An alarm rings in the run's context; what follows belongs to this execution.
      settle(() => runInContext(execution, () => outcome.timedOut()));
    };
    unwatch = scope.watch(onEnd);
    // It may have expired while the call began.
    onEnd();
    pending.then(
      (value) => {
        settle(() => outcome.value(value));
      },
      (thrown: unknown) => {
        settle(() => outcome.thrown(thrown));
      },
    );
  });
}
