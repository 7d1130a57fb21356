import { isInstanceOf } from '../../data/foreign-value.js';
import { noteFailedItem, PipelineError } from '../../errors/pipeline-error.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import { SKIP } from '../../nodes/skip.js';
import { toErrorRecord } from '../../ports/error-record.js';
import type { ErrorPolicy, TriesSoFar } from '../../resilience/error-policy.js';
import type { LossKind } from '../../resilience/tolerance.js';
import { sendDeadLetter } from './dead-letter.js';
import { asNode } from '../execution/active-scopes.js';
import { noDeadLetterSink, nodeFailed } from '../execution/engine-errors.js';
import type { EmissionTurn, Execution } from '../execution/execution.js';
import { lostItem } from '../execution/losses.js';
import { askedAbout, FailedAgain } from './failed-try.js';
import type { FailedTry } from './failed-try.js';
import { dropItem, endTrace, tracedError } from './item-end.js';
import { Recovery } from './recovery.js';
import type { Ending, FallbackRun, NextStep, RecoveringStage } from './recovery.js';
import { NOTHING, nothingAfter, outputAfter, Pending } from '../execution/pending.js';
import { NodeStage } from './stage.js';
import type { StageSite } from '../execution/stage-site.js';
import { after } from '../execution/work.js';
import type { Work } from '../execution/work.js';

const DROPPED: NextStep = Object.freeze({ action: 'dropped' });
const FAILED: NextStep = Object.freeze({ action: 'fail' });
const NO_FALLBACKS: ReadonlyMap<unknown, FallbackRun> = new Map();

/** What the items of a transform, a sink or a composite go through: tries, and what is decided when one fails. */
export abstract class WorkStage extends NodeStage implements RecoveringStage {
  fallbacks: ReadonlyMap<unknown, FallbackRun> = NO_FALLBACKS;

  constructor(
    site: StageSite,
    protected readonly policy: ErrorPolicy<unknown> | undefined,
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
    return this.settle(execution, this.process(execution, item, trace), trace);
  }

  /** Hands on what {@link process} gave, once it is there. */
  protected settle(execution: Execution, processed: unknown, trace: ItemTrace | undefined): Work {
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

  /** Counts and traces the one output of a try, and gives it to be emitted; `SKIP` leaves the item out. */
  protected gave(
    execution: Execution,
    output: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
  ): unknown {
    const counter = this.counter(execution);
    if (output === SKIP) {
      counter.filtered += 1;
      if (trace === undefined) return NOTHING;
      const told = trace.pass(this.site, execution.frame, 0, attempt);
      return nothingAfter(after(told, () => endTrace(execution, this, trace, 'filtered', attempt)));
    }
    counter.out += 1;
    counter.emitted += 1;
    return trace === undefined
      ? output
      : outputAfter(trace.pass(this.site, execution.frame, 1, attempt, output), output);
  }

  /**
   * Emits a fallback's value in place of the node's own; `SKIP` leaves the item out.
   *
   * @returns what a try gives.
   */
  substitute(execution: Execution, value: unknown, trace: ItemTrace | undefined, attempt: number): unknown {
    if (value !== SKIP) this.recovered(execution);
    return this.gave(execution, value, trace, attempt);
  }

  /** Has what a sub-pipeline gave leave in place of the node's own; gives what a try gives. */
  recover(execution: Execution, given: unknown, trace: ItemTrace | undefined, attempt: number): unknown {
    return this.substitute(execution, given, trace, attempt);
  }

  /** Notes that a fallback has given something in place of a failed item. */
  protected recovered(execution: Execution): void {
    this.counter(execution).recovered += 1;
    if (execution.hears('itemRecovered')) this.tell(execution, 'itemRecovered', {});
  }

  /** Makes the next try of an item. */
  tryAgain(execution: Execution, { item, trace, attempt, turn }: FailedTry): unknown {
    return this.attempt(execution, item, trace, attempt + 1, turn);
  }

  /** The error that a policy is asked about. */
  protected failureOf(execution: Execution, thrown: unknown, attempt: number): PipelineError {
    const doing = attempt > 1 ? `failed after ${String(attempt)} tries` : 'failed';
    return nodeFailed(this.site.path, thrown, doing, execution.frame);
  }

  /** The one place where the end of a failed try is decided; never throws. */
  protected failed(execution: Execution, failed: FailedTry): unknown {
    // Every try but the first is made by the item's recovery, so that many do not become a chain of promises.
    if (failed.attempt > 1) return new FailedAgain(failed);
    try {
      const next = this.decide(execution, failed);
      return next.action === 'retry' || next.action === 'fallback'
        ? new Recovery(this, execution).start(failed, next)
        : this.conclude(execution, failed, next);
    } catch (thrown) {
      return this.broken(execution, failed, thrown);
    }
  }

  /** Ends the run after an error of the engine itself while it handled a failure. */
  broken(execution: Execution, failed: FailedTry, thrown: unknown): unknown {
    const cause = new AggregateError([failed.error, thrown], 'to handle a failure has failed');
    return this.#fail(execution, { ...failed, error: nodeFailed(this.site.path, cause), isFatal: true });
  }

  /** Tells that a try has failed, and decides what follows. */
  decide(execution: Execution, failed: FailedTry, soFar?: TriesSoFar): NextStep {
    const { error, attempt, isFatal } = failed;
    const { scope } = execution.frame;
    scope.budget.endBy(error.cause);
    // No policy can swallow a cancel.
    if (scope.reason !== undefined) return DROPPED;
    if (execution.hears('itemFailed')) {
      this.tell(execution, 'itemFailed', { attempt, error: toErrorRecord(error) });
    }
    const { policy } = this;
    if (policy === undefined || isFatal === true) return FAILED;
    try {
      const { kind, path } = this.site;
      return asNode(execution, path, () => policy.decide(askedAbout(failed, kind), attempt, path, soFar));
    } catch (thrown) {
      // A policy that cannot decide ends the run: nothing decides about that.
      if (isInstanceOf(thrown, PipelineError)) return { action: 'undecided', error: thrown };
      throw thrown;
    }
  }

  /** Ends a failed item's story; gives what a try gives. */
  conclude(execution: Execution, failed: FailedTry, ending: Ending): unknown {
    switch (ending.action) {
      case 'dropped':
        return nothingAfter(dropItem(execution, this, failed.trace));
      case 'undecided':
        return this.#fail(execution, { ...failed, error: ending.error, isFatal: true });
      case 'fail':
        return this.#fail(execution, failed);
      case 'collect':
        return this.#collect(execution, failed);
      case 'skip':
        return this.#skip(execution, failed);
      case 'deadLetter':
        return execution.frame.services.deadLetterSink === undefined
          ? this.#fail(execution, { ...failed, error: noDeadLetterSink(failed.error) })
          : this.#deadLetter(execution, failed);
    }
  }

  #fail(execution: Execution, failed: FailedTry): unknown {
    const { error, item, attempt, frame, isFatal } = failed;
    this.counter(execution).failed += 1;
    noteFailedItem(error, item);
    if (isFatal !== true && execution.tolerates) {
      this.#lose(execution, 'failed', error, attempt);
      return this.#endFailed(execution, failed, error);
    }
    execution.fail(error, this.site, isFatal, frame, attempt);
    return this.#endFailed(execution, failed, error);
  }

  /** Ends the item with the error; of a composite, where its child failed. */
  #endFailed(execution: Execution, { trace, attempt, endedAt }: FailedTry, error: PipelineError): unknown {
    if (trace === undefined || endedAt === undefined)
      return nothingAfter(endTrace(execution, this, trace, 'error', attempt, error));
    return nothingAfter(trace.endAs({ ...endedAt, error: tracedError(execution, trace, error) }));
  }

  /** Notes that the item is lost while the execution goes on, and that it need not give an output. */
  #lose(execution: Execution, kind: LossKind, error: PipelineError, attempts: number): void {
    execution.handled({ path: this.site.path, error });
    execution.lose(lostItem({ kind, error, attempts }), this.index);
  }

  #skip(execution: Execution, { error, trace, attempt }: FailedTry): unknown {
    this.counter(execution).filtered += 1;
    this.#lose(execution, 'skipped', error, attempt);
    if (execution.hears('itemSkipped')) {
      this.tell(execution, 'itemSkipped', { error: toErrorRecord(error) });
    }
    return nothingAfter(endTrace(execution, this, trace, 'filtered', attempt, error));
  }

  /** The execution goes on with the others, and fails at its end. */
  #collect(execution: Execution, failed: FailedTry): unknown {
    const { error, attempt } = failed;
    this.counter(execution).failed += 1;
    execution.collect(error, attempt);
    return this.#endFailed(execution, failed, error);
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
    this.#lose(execution, 'deadLettered', error, attempt);
    await endTrace(execution, this, trace, 'deadLettered', attempt, error);
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
