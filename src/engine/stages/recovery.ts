import { viewOf } from '../../context/pipeline-context.js';
import type { PipelineContext } from '../../context/pipeline-context.js';
import { isThenable, whenSettled } from '../../data/foreign-value.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { FallbackOf, FinalDecision } from '../../resilience/error-rule.js';
import type { Decision, TriesSoFar } from '../../resilience/error-policy.js';
import { asNode } from '../execution/active-scopes.js';
import { alsoFailed } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import { NOTHING, nothingAfter, Pending } from '../execution/pending.js';
import { askedAbout, FailedAgain } from './failed-try.js';
import type { FailedTry } from './failed-try.js';
import { dropItem } from './item-end.js';
import { pause } from './pause.js';
import type { NodeStage } from './stage.js';

/** How a failed item ends: by its policy's word, with its execution, or as its policy cannot decide. */
export type Ending =
  | { readonly action: FinalDecision }
  | { readonly action: 'dropped' }
  | { readonly action: 'undecided'; readonly error: PipelineError };

type RetryStep = Extract<Decision, { action: 'retry' }>;
type FallbackStep = Extract<Decision, { action: 'fallback' }>;

/** What may still make something of a failed item. */
export type RecoveryStep = RetryStep | FallbackStep;

/** What follows a failed try. */
export type NextStep = Ending | RecoveryStep;

/** Runs a sub-pipeline in place of what has failed. */
export interface FallbackRun {
  /** Gives what a try gives; where the sub-pipeline fails, a {@link FailedAgain}. */
  run(execution: Execution, item: unknown, trace: ItemTrace | undefined): unknown;
}

/** The stage of a node whose items can be recovered. */
export interface RecoveringStage extends NodeStage {
  /** The sub-pipelines among the fallbacks of its policy, by their definitions. */
  readonly fallbacks: ReadonlyMap<unknown, FallbackRun>;

  /** Tells that a try has failed, and decides what follows. */
  decide(execution: Execution, failed: FailedTry, soFar: TriesSoFar): NextStep;
  /** Ends the item's story; gives what a try gives. */
  conclude(execution: Execution, failed: FailedTry, ending: Ending): unknown;
  /** Makes the next try; gives what a try gives. */
  tryAgain(execution: Execution, failed: FailedTry): unknown;
  /** Has a fallback's value leave; gives what a try gives. */
  substitute(execution: Execution, value: unknown, trace: ItemTrace | undefined, attempt: number): unknown;
  /** Has what a sub-pipeline gave leave; gives what a try gives. */
  recover(execution: Execution, given: unknown, trace: ItemTrace | undefined, attempt: number): unknown;
  /** Ends the run: to handle a failure has failed. */
  broken(execution: Execution, failed: FailedTry, thrown: unknown): unknown;
}

/** Makes an item's retries and fallbacks, one after the other, until one is the last. */
export class Recovery {
  /** When the item first failed. */
  readonly #failedMs: number;
  #previousMs: number | undefined;

  constructor(
    private readonly stage: RecoveringStage,
    private readonly execution: Execution,
  ) {
    this.#failedMs = execution.scope.clock.now();
  }

  /** Gives what has come of the item in the end; its work never rejects. */
  start(failed: FailedTry, step: RecoveryStep): Pending {
    const pending = new Pending();
    pending.work = this.#run(failed, step, pending);
    return pending;
  }

  async #run(first: FailedTry, step: RecoveryStep, whole: Pending): Promise<void> {
    const { stage, execution } = this;
    let failed = first;
    try {
      for (let next: NextStep = step; ;) {
        if (next.action !== 'retry' && next.action !== 'fallback') {
          await whole.settle(stage.conclude(execution, failed, next));
          return;
        }
        const tried = new Pending();
        await (next.action === 'retry'
          ? this.#retry(failed, next, tried)
          : this.#fallBack(failed, next, tried));
        const { outcome } = tried;
        if (!FailedAgain.is(outcome)) {
          whole.outcome = outcome;
          return;
        }
        const isSameTry: boolean = outcome.failed.attempt === failed.attempt;
        failed = outcome.failed;
        next = stage.decide(execution, failed, {
          sinceMs: execution.scope.clock.now() - this.#failedMs,
          previousMs: this.#previousMs,
          // A new try may fail in another way: all rules are asked.
          from: isSameTry ? (next.next ?? 0) : 0,
        });
      }
    } catch (thrown) {
      await whole.settle(stage.broken(execution, failed, thrown));
    }
  }

  async #retry(failed: FailedTry, { delayMs, before }: RetryStep, tried: Pending): Promise<void> {
    const { stage, execution } = this;
    const counter = stage.counter(execution);
    counter.retried += 1;
    if (execution.hears('itemRetried'))
      stage.tell(execution, 'itemRetried', { attempt: failed.attempt + 1, delayMs });
    this.#previousMs = delayMs;
    counter.queued += 1;
    await pause(execution, delayMs);
    counter.queued -= 1;
    if (before !== undefined && !execution.isHalted) {
      const view = this.#view();
      const error = this.#originalOf(failed);
      await this.#call(
        failed,
        "'before' of its retry",
        () => before(error, failed.attempt, view),
        tried,
        () => undefined,
      );
      if (FailedAgain.is(tried.outcome)) return;
    }
    await tried.settle(
      execution.isHalted
        ? nothingAfter(dropItem(execution, stage, failed.trace))
        : stage.tryAgain(execution, failed),
    );
  }

  async #fallBack(failed: FailedTry, { fallback }: FallbackStep, tried: Pending): Promise<void> {
    const { stage, execution } = this;
    const { item, trace, attempt } = failed;
    const pipeline = stage.fallbacks.get(fallback);
    if (pipeline !== undefined) {
      await this.#runPipeline(pipeline, failed, tried);
      return;
    }
    const view = this.#view();
    const error = this.#originalOf(failed);
    const call = fallback as FallbackOf<unknown>;
    const leave = (value: unknown): unknown => stage.substitute(execution, value, trace, attempt);
    await this.#call(failed, 'its fallback', () => call(item, error, view), tried, leave);
  }

  async #runPipeline(pipeline: FallbackRun, failed: FailedTry, tried: Pending): Promise<void> {
    const { stage, execution } = this;
    const { item, trace, attempt } = failed;
    const given = new Pending();
    await given.settle(pipeline.run(execution, item, trace));
    const { outcome } = given;
    if (FailedAgain.is(outcome)) {
      const { error, frame, isFatal = false } = outcome.failed;
      const [asked] = askedAbout(outcome.failed, 'composite');
      tried.outcome = new FailedAgain(
        isFatal
          ? { ...failed, error, frame, isFatal }
          : this.#alsoFailed(failed, 'its fallback', asked, error),
      );
    } else if (outcome === NOTHING) {
      // The trace has ended with the sub-pipeline.
      if (execution.isHalted) stage.cancelled(execution);
      else stage.counter(execution).filtered += 1;
    } else {
      await tried.settle(stage.recover(execution, outcome, trace, attempt));
    }
  }

  /** Calls a function of the policy and awaits its promise; what it throws fails the item again. */
  async #call(
    failed: FailedTry,
    what: string,
    call: () => unknown,
    tried: Pending,
    done: (value: unknown) => unknown,
  ): Promise<void> {
    const threw = (thrown: unknown): unknown =>
      new FailedAgain(this.#alsoFailed(failed, what, thrown, thrown));
    let called: unknown;
    try {
      called = asNode(this.execution, this.stage.site.path, call);
    } catch (thrown) {
      await tried.settle(threw(thrown));
      return;
    }
    if (!isThenable(called)) {
      await tried.settle(done(called));
      return;
    }
    await whenSettled(
      called,
      (value) => tried.settle(done(value)),
      (thrown) => tried.settle(threw(thrown)),
    );
  }

  /**
   * The failed try of an item of which something else has failed too.
   *
   * @param thrown what the rules behind are asked with.
   * @param told what the error holds beside the node's.
   */
  #alsoFailed(failed: FailedTry, what: string, thrown: unknown, told: unknown): FailedTry {
    const error = alsoFailed(this.stage.site.path, what, this.#originalOf(failed), told);
    return { ...failed, error, asked: this.stage.site.kind === 'composite' ? [thrown, error] : [thrown] };
  }

  #originalOf(failed: FailedTry): unknown {
    return askedAbout(failed, this.stage.site.kind)[0];
  }

  /** A view of its own: the node's may belong to a try with a limit. */
  #view(): PipelineContext {
    return viewOf(this.execution.frame, this.stage.site.id);
  }
}
