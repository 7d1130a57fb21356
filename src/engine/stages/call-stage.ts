import { isThenable, whenSettled } from '../../data/foreign-value.js';
import { viewOf } from '../../context/pipeline-context.js';
import type { PipelineContext } from '../../context/pipeline-context.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { ErrorPolicy } from '../../resilience/error-policy.js';
import { nodeTimeout } from '../execution/engine-errors.js';
import type { CallOutcome, EmissionTurn, Execution } from '../execution/execution.js';
import { dropItem } from './item-end.js';
import type { NodeCode } from './node-code.js';
import type { StageSite } from '../execution/stage-site.js';
import { plainTry, timedTry } from './timed-try.js';
import type { TimedOutcome } from './timed-try.js';
import type { Guard, GuardedCall } from './guard.js';
import { nothingAfter, Pending } from '../execution/pending.js';
import { WorkStage } from './work-stage.js';

/** Calls a node's code once per item and try. */
export abstract class CallStage<TTarget extends object> extends WorkStage implements CallOutcome {
  /** Whether each try has a limit, or asks a breaker or a bulkhead first: else the node can be called in a walk. */
  readonly isGuarded: boolean;
  override readonly isCalled = true;

  constructor(
    site: StageSite,
    policy: ErrorPolicy<unknown> | undefined,
    readonly code: NodeCode,
    /** The limit of each try. */
    readonly timeoutMs: number | undefined,
    private readonly guard?: Guard,
  ) {
    super(site, policy);
    this.isGuarded = timeoutMs !== undefined || guard !== undefined;
  }

  /** The object whose method is called, undefined where it could not be made. */
  protected target(execution: Execution): TTarget {
    return this.state(execution) as TTarget;
  }

  protected abstract call(target: TTarget, item: unknown, view: PipelineContext): unknown;

  /** What a try that succeeded leads to. */
  abstract done(
    execution: Execution,
    result: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
  ): unknown;

  protected override attempt(
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
    turn?: EmissionTurn,
  ): unknown {
    if (this.isGuarded) return this.#attemptGuarded(execution, item, trace, attempt);
    let result: unknown;
    try {
      result = this.call(this.target(execution), item, this.view(execution));
    } catch (thrown) {
      return this.thrown(execution, item, trace, thrown, attempt);
    }
    if (!isThenable(result)) return this.done(execution, result, trace, attempt);
    return turn?.awaitCall(this, result) ?? this.#settle(execution, item, trace, result, attempt);
  }

  /** Goes on when the call has settled. */
  #settle(
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    pending: PromiseLike<unknown>,
    attempt: number,
  ): Pending {
    const processed = new Pending();
    processed.work = whenSettled(
      pending,
      (value) => processed.settle(this.done(execution, value, trace, attempt)),
      (thrown) => processed.settle(this.thrown(execution, item, trace, thrown, attempt)),
    );
    return processed;
  }

  /** Makes a try with a limit, or one that asks a breaker or a bulkhead first. */
  #attemptGuarded(
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
  ): unknown {
    const begin = (guarded?: GuardedCall): unknown =>
      this.#callGuarded(guarded, execution, item, trace, attempt);
    if (this.guard === undefined) return begin();
    return this.guard.pass(execution, {
      begin,
      refused: (error) => this.failed(execution, { error, item, trace, attempt }),
      notStarted: () => nothingAfter(dropItem(execution, this, trace)),
    });
  }

  #callGuarded(
    guarded: GuardedCall | undefined,
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
  ): unknown {
    const { timeoutMs } = this;
    const { id, path } = this.site;
    const failed = (error: PipelineError, invalid: PipelineError | undefined): unknown =>
      this.failed(
        execution,
        invalid === undefined
          ? { error, item, trace, attempt }
          : { error: invalid, item, trace, attempt, isFatal: true },
      );
    const outcome: TimedOutcome = {
      value: (value) => {
        guarded?.succeeded();
        return this.done(execution, value, trace, attempt);
      },
      thrown: (thrown) => {
        const error = this.failureOf(execution, thrown, attempt);
        return failed(error, guarded?.failed(error));
      },
      timedOut: () => {
        const error = nodeTimeout(path, timeoutMs ?? 0);
        return failed(error, guarded?.timedOut(error));
      },
      notStarted: () => {
        guarded?.cancelled();
        return nothingAfter(dropItem(execution, this, trace));
      },
    };
    const call = (view: PipelineContext): unknown => {
      const called = this.call(this.target(execution), item, view);
      // A promise of our own: what a user gives must be listened to once only.
      return guarded !== undefined && isThenable(called) ? guarded.follow(called) : called;
    };
    return timeoutMs === undefined
      ? plainTry(() => call(this.view(execution)), outcome)
      : timedTry(
          execution,
          this.site,
          timeoutMs,
          (scope) => call(viewOf(execution.frame, id, scope)),
          outcome,
        );
  }

  /** What a try that failed leads to. */
  thrown(
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    thrown: unknown,
    attempt: number,
  ): unknown {
    const error = this.failureOf(execution, thrown, attempt);
    return this.failed(execution, { error, item, trace, attempt });
  }
}
