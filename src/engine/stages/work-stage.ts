import { isInstanceOf } from '../../data/foreign-value.js';
import { PipelineError } from '../../errors/pipeline-error.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import { toErrorRecord } from '../../ports/error-record.js';
import type { Decision, ErrorPolicy } from '../../resilience/error-policy.js';
import { sendDeadLetter } from './dead-letter.js';
import { noDeadLetterSink, nodeFailed } from '../execution/engine-errors.js';
import type { EmissionTurn, Execution } from '../execution/execution.js';
import type { FailedTry } from './failed-try.js';
import { dropItem, endTrace } from './item-end.js';
import { pause } from './pause.js';
import { NOTHING, nothingAfter, Pending } from '../execution/pending.js';
import { NodeStage } from './stage.js';
import type { StageSite } from '../execution/stage-site.js';
import type { Work } from '../execution/work.js';

/** Ends a try that is to be repeated; the loop of retries takes it, and nobody else sees it. */
class RepeatedTry {
  readonly #isRepeated = true;

  constructor(
    readonly failed: FailedTry,
    readonly delayMs: number,
  ) {}

  static is(outcome: unknown): outcome is RepeatedTry {
    return typeof outcome === 'object' && outcome !== null && #isRepeated in outcome;
  }
}

/** What the items of a transform, a sink or a composite go through: tries, and what is decided when one fails. */
export abstract class WorkStage extends NodeStage {
  constructor(
    site: StageSite,
    protected readonly policy: ErrorPolicy | undefined,
  ) {
    super(site);
  }

  /** One try; gives what to emit, {@link NOTHING}, or a {@link Pending} with either. */
  protected abstract attempt(
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
    turn: EmissionTurn | undefined,
  ): unknown;

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    const processed = this.process(execution, item, trace);
    if (processed === NOTHING) return undefined;
    if (Pending.is(processed)) return this.#emitLater(execution, processed, trace);
    return this.emit(execution, processed, trace);
  }

  /** Hands on what {@link process} gave. */
  emit(execution: Execution, processed: unknown, trace: ItemTrace | undefined): Work {
    return this.next.push(execution, processed, trace);
  }

  /** Works on one item without emitting: for stages that emit in an order of their own. */
  process(execution: Execution, item: unknown, trace: ItemTrace | undefined, turn?: EmissionTurn): unknown {
    this.counter(execution).in += 1;
    if (execution.isHalted) return nothingAfter(dropItem(execution, this, trace));
    return this.attempt(execution, item, trace, 1, turn);
  }

  /** The one place where the end of a failed try is decided; never throws. */
  protected failed(execution: Execution, failed: FailedTry): unknown {
    try {
      return this.#end(execution, failed);
    } catch (thrown) {
      // A failure while a failure is handled: of the engine's own, since every call of a user's code is guarded.
      const cause = new AggregateError([failed.error, thrown], 'to handle a failure has failed');
      return this.#fail(execution, { ...failed, error: nodeFailed(this.site.path, cause), isFatal: true });
    }
  }

  #end(execution: Execution, failed: FailedTry): unknown {
    const { error, trace, attempt } = failed;
    const { scope } = execution.frame;
    scope.budget.endBy(error.cause);
    // No policy can swallow a cancel.
    if (scope.reason !== undefined) return nothingAfter(dropItem(execution, this, trace));
    if (execution.observer !== undefined) {
      this.tell(execution, 'itemFailed', { attempt, error: toErrorRecord(error) });
    }
    const decision = this.#decide(failed);
    // A policy that cannot decide ends the run: nothing decides about that.
    if (isInstanceOf(decision, PipelineError))
      return this.#fail(execution, { ...failed, error: decision, isFatal: true });
    switch (decision.action) {
      case 'fail':
        return this.#fail(execution, failed);
      case 'skip':
        return this.#skip(execution, failed);
      case 'retry':
        return this.#retry(execution, failed, decision.delayMs);
      case 'exhausted':
      case 'deadLetter':
        if (execution.frame.services.deadLetterSink !== undefined) {
          return this.#deadLetter(execution, failed);
        }
        return this.#fail(
          execution,
          decision.action === 'exhausted' ? failed : { ...failed, error: noDeadLetterSink(error) },
        );
    }
  }

  #decide({ error, attempt, isFatal }: FailedTry): Decision | PipelineError {
    if (this.policy === undefined || isFatal === true) return { action: 'fail' };
    const isWrapped = error.code === 'NODE_FAILED';
    // A node's own policy is asked with the original; a composite's also with the error around it.
    const asked = !isWrapped
      ? [error]
      : this.site.kind === 'composite'
        ? [error.cause, error]
        : [error.cause];
    try {
      return this.policy.decide(asked, attempt, this.site.path);
    } catch (thrown) {
      if (isInstanceOf(thrown, PipelineError)) return thrown;
      throw thrown;
    }
  }

  #fail(execution: Execution, { error, trace, frame, isFatal }: FailedTry): unknown {
    this.counter(execution).failed += 1;
    execution.fail(error, this.site, isFatal, frame);
    // In a child the composite around it decides how the item ends.
    return execution.frame.parent === undefined
      ? nothingAfter(endTrace(execution, this, trace, 'error'))
      : NOTHING;
  }

  #skip(execution: Execution, { error, trace, attempt }: FailedTry): unknown {
    this.counter(execution).filtered += 1;
    execution.handled({ path: this.site.path, error });
    if (execution.observer !== undefined) {
      this.tell(execution, 'itemSkipped', { error: toErrorRecord(error) });
    }
    return nothingAfter(endTrace(execution, this, trace, 'filtered', attempt));
  }

  #retry(execution: Execution, failed: FailedTry, delayMs: number): unknown {
    this.counter(execution).retried += 1;
    if (execution.observer !== undefined) {
      this.tell(execution, 'itemRetried', { attempt: failed.attempt + 1, delayMs });
    }
    const repeated = new RepeatedTry(failed, delayMs);
    // Every try but the first is made by the loop, so that many retries do not become a chain of promises.
    if (failed.attempt > 1) return repeated;
    const pending = new Pending();
    pending.work = this.#repeat(execution, repeated, pending);
    return pending;
  }

  /** Makes one try after the other until one is not to be repeated. */
  async #repeat(execution: Execution, first: RepeatedTry, whole: Pending): Promise<void> {
    const tried = new Pending();
    for (let outcome: unknown = first; RepeatedTry.is(outcome); outcome = tried.outcome) {
      const { delayMs, failed } = outcome;
      const { item, trace, attempt, turn } = failed;
      await pause(execution, delayMs);
      const settled = tried.settle(
        execution.isHalted
          ? nothingAfter(dropItem(execution, this, trace))
          : this.attempt(execution, item, trace, attempt + 1, turn),
      );
      if (settled !== undefined) await settled;
    }
    whole.outcome = tried.outcome;
  }

  #deadLetter(execution: Execution, failed: FailedTry): Pending {
    const pending = new Pending();
    pending.work = this.#sendDeadLetter(execution, failed, pending);
    return pending;
  }

  async #sendDeadLetter(execution: Execution, failed: FailedTry, pending: Pending): Promise<void> {
    const { error, item, trace, attempt } = failed;
    const rejection = await sendDeadLetter(execution, this, failed);
    if (rejection !== undefined) {
      await pending.settle(this.#fail(execution, { error: rejection, item, trace, attempt, isFatal: true }));
      return;
    }
    execution.handled({ path: this.site.path, error });
    await endTrace(execution, this, trace, 'deadLettered', attempt);
  }

  #emitLater(execution: Execution, processed: Pending, trace: ItemTrace | undefined): Promise<void> {
    const counter = this.counter(execution);
    counter.waiting += 1;
    return processed.work.then(() => {
      counter.waiting -= 1;
      return processed.outcome === NOTHING ? undefined : this.emit(execution, processed.outcome, trace);
    });
  }
}
