import type { CompositeBlueprint } from '../../builder/blueprint.js';
import { outputProblem } from '../../composition/output-cardinality.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { Outcome } from '../../ports/execution-observer.js';
import { SKIP } from '../../nodes/skip.js';
import type { ErrorPolicy } from '../../resilience/error-policy.js';
import { CancelScope } from '../../run/ending/cancel-scope.js';
import type { ChildExecution } from '../plan/plan.js';
import { ChildFailure } from './child-starter.js';
import type { ChildStarter } from './child-starter.js';
import { nodeTimeout, scopeError } from '../execution/engine-errors.js';
import { Execution } from '../execution/execution.js';
import { tellChildCompleted, tellChildStarted } from '../execution/tell.js';
import type { EmissionTurn, OutputReceiver } from '../execution/execution.js';
import { failedAfter } from '../stages/failed-try.js';
import type { FailedTry } from '../stages/failed-try.js';
import { dropItem } from '../stages/item-end.js';
import type { Guard, GuardedCall } from '../stages/guard.js';
import type { HeldLetters } from '../execution/held-letters.js';
import { HeldOutputs } from './held-outputs.js';
import { inTime } from './in-time.js';
import type { ItemMapping } from './item-mapping.js';
import { LiveOutputs } from './live-outputs.js';
import { runItem } from './run-item.js';
import type { StageSite } from '../execution/stage-site.js';
import { timedTry } from '../stages/timed-try.js';
import { decidedAfter, NOTHING, nothingAfter, outputAfter, Pending } from '../execution/pending.js';
import { WorkStage } from '../stages/work-stage.js';
import { after } from '../execution/work.js';
import type { Work } from '../execution/work.js';

/** Runs a whole sub-pipeline for each item, in a child context. */
export class CompositeStage extends WorkStage implements OutputReceiver {
  readonly mayRepeat: boolean;
  readonly isPerItem = true;
  /** Hands on outputs as they come; undefined where a policy may try again, since nothing can undo them then. */
  readonly #live: LiveOutputs | undefined;
  /** Whether each child can end alone. */
  readonly #isScope: boolean;
  /** Makes what leaves of the outputs; undefined where they leave as they are. */
  readonly #combining: ItemMapping | undefined;

  /** Whether a child has no limits of its own, and what leaves is an output of it, as it is. */
  readonly #isPlain: boolean;

  constructor(
    site: StageSite,
    policy: ErrorPolicy<unknown> | undefined,
    private readonly timeoutMs: number | undefined,
    private readonly composite: CompositeBlueprint,
    private readonly starter: ChildStarter,
    private readonly guard: Guard | undefined,
    /** True if the pipeline goes on when an item fails here, though no policy decides so. */
    isTolerated: boolean,
  ) {
    super(site, policy);
    this.mayRepeat = policy?.canRetry === true;
    this.#isScope = composite.cancellable || composite.budget !== undefined;
    this.#combining = starter.mapping?.combines === true ? starter.mapping : undefined;
    const isLive = composite.output === 'many' && policy?.canRecover !== true && !isTolerated;
    const isLimited = timeoutMs !== undefined;
    this.#isPlain =
      timeoutMs === undefined &&
      guard === undefined &&
      !this.#isScope &&
      composite.output !== 'many' &&
      this.#combining === undefined;
    this.#live = isLive
      ? new LiveOutputs(this, this.#combining, isLimited, this.#isScope || isLimited)
      : undefined;
  }

  get ofNode(): number {
    return this.index;
  }

  override get mapsItems(): boolean {
    return this.composite.input !== undefined;
  }

  protected override attempt(
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
    turn: EmissionTurn | undefined,
  ): unknown {
    if (this.#isPlain && trace === undefined && turn === undefined && !execution.followsChildren) {
      const child = this.starter.startPlain(execution, this, execution.frame.scope);
      if (child !== undefined) return this.#runPlain(child, item, attempt);
    }
    if (this.guard === undefined) return this.#tryOnce(undefined, execution, item, trace, attempt, turn);
    return this.guard.pass(execution, {
      begin: (guarded) => this.#tryOnce(guarded, execution, item, trace, attempt, turn),
      refused: (error) => this.failed(execution, { error, item, trace, attempt, turn }),
      notStarted: () => nothingAfter(dropItem(execution, this, trace)),
    });
  }

  /** @param guarded what the try holds of a breaker and a bulkhead. */
  #tryOnce(
    guarded: GuardedCall | undefined,
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
    turn: EmissionTurn | undefined,
  ): unknown {
    if (this.timeoutMs !== undefined)
      return this.#attemptWithin(this.timeoutMs, guarded, execution, item, trace, attempt, turn);
    const { scope } = execution.frame;
    const childScope = this.#isScope ? this.#enter(new CancelScope(this.site.path, scope)) : scope;
    const child = this.#start(execution, item, trace, attempt, turn, childScope);
    if (!(child instanceof Execution)) return this.#failedStart(guarded, execution, child);
    return this.#afterRun(this.#run(child, item), child, item, attempt, guarded);
  }

  #failedStart(guarded: GuardedCall | undefined, execution: Execution, failed: FailedTry): unknown {
    // What no policy may decide about says nothing about what the child calls.
    if (failed.isFatal === true) guarded?.cancelled();
    return this.failed(execution, failedAfter(guarded?.failed(failed.error), failed));
  }

  /** Runs a child beside which nothing is told, traced, limited or made of what it gives. */
  #runPlain(child: ChildExecution, item: unknown, attempt: number): unknown {
    const { parent } = child;
    const running = runItem(child, item);
    // Nearly every child: one output, and nothing happened that anybody has to decide about.
    if (running === undefined && child.count === 1 && child.isUntouched && !parent.isHalted)
      return this.#succeeded(child, attempt);
    return this.#afterRun(running, child, item, attempt);
  }

  #afterRun(
    running: Work,
    child: ChildExecution,
    item: unknown,
    attempt: number,
    guarded?: GuardedCall,
  ): unknown {
    return running === undefined
      ? this.#conclude(child, item, attempt, guarded)
      : this.#concludeAfter(running, child, item, attempt, guarded);
  }

  /** Runs a child; where it can end while a call of it goes on, that call is waited for in time. */
  #run(child: ChildExecution, item: unknown): Work {
    const running = runItem(child, item);
    const canEndAlone = this.#isScope || this.timeoutMs !== undefined || child.plan.isConcurrent;
    return running !== undefined && canEndAlone ? inTime(child, running) : running;
  }

  #concludeAfter(
    running: Promise<void>,
    child: ChildExecution,
    item: unknown,
    attempt: number,
    guarded: GuardedCall | undefined,
  ): Pending {
    const pending = new Pending();
    pending.work = running.then(() => pending.settle(this.#conclude(child, item, attempt, guarded)));
    return pending;
  }

  #attemptWithin(
    timeoutMs: number,
    guarded: GuardedCall | undefined,
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
    turn: EmissionTurn | undefined,
  ): unknown {
    let child: ChildExecution | FailedTry | undefined;
    const conclude = (): unknown => {
      if (child instanceof Execution) return this.#conclude(child, item, attempt, guarded);
      return child && this.#failedStart(guarded, execution, child);
    };
    return timedTry(
      execution,
      this.site,
      timeoutMs,
      (scope) => {
        child = this.#start(execution, item, trace, attempt, turn, this.#enter(scope));
        if (!(child instanceof Execution)) return undefined;
        const running = this.#run(child, item);
        return running === undefined ? undefined : (guarded?.follow(running) ?? running);
      },
      {
        value: conclude,
        thrown: conclude,
        timedOut: () => {
          if (child instanceof Execution) {
            child.detach();
            child.link?.stop(attempt);
            this.#notifyCompleted(child, attempt, 'failed');
          }
          const error = nodeTimeout(this.site.path, timeoutMs);
          const failed = { error, item, trace, attempt, turn };
          return this.failed(execution, failedAfter(guarded?.timedOut(error), failed));
        },
        notStarted: () => {
          guarded?.cancelled();
          return nothingAfter(dropItem(execution, this, trace));
        },
      },
    );
  }

  /** Makes a child's own scope keep to the composite's budget, and counts the item that enters. */
  #enter(scope: CancelScope): CancelScope {
    const { budget } = this.composite;
    if (budget !== undefined) {
      scope.limitBudget(budget);
      scope.budget.admit(this.site.path);
    }
    return scope;
  }

  #start(
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
    turn: EmissionTurn | undefined,
    scope: CancelScope,
  ): ChildExecution | FailedTry {
    const child = this.starter.start(execution, this, item, scope, trace, turn);
    if (child instanceof ChildFailure) {
      const { error, isFatal } = child;
      return { error, item, trace, attempt, turn, isFatal };
    }
    if (execution.followsChildren) tellChildStarted(execution, this, child, attempt);
    return child;
  }

  override isClosed(execution: Execution): boolean {
    // A child asks for its parent.
    return this.next.isClosed(
      execution.parent !== undefined && execution.receiver === this ? execution.parent : execution,
    );
  }

  /** Takes one output of a child. */
  receive(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    const child = execution as ChildExecution;
    if (child.isDetached) return undefined;
    child.count += 1;
    if (this.#live !== undefined) return this.#live.send(child, item, trace);
    const isFirst = child.count === 1;
    const { output } = this.composite;
    if (output === 'many' && !isFirst) {
      (child.kept as unknown[]).push(item);
      child.link?.branches.push(trace);
    } else if (isFirst || output === 'last') {
      child.kept = output === 'many' ? [item] : item;
      if (child.link !== undefined) child.link.branches = [trace];
    }
    return undefined;
  }

  override emit(execution: Execution, processed: unknown, trace: ItemTrace | undefined): Work {
    if (this.composite.output !== 'many') return this.next.push(execution, processed, trace);
    return (processed as HeldOutputs).emit(this, execution, trace);
  }

  /** Decides what one child has come to; what of its outputs others still have is waited for. */
  #conclude(child: ChildExecution, item: unknown, attempt: number, guarded?: GuardedCall): unknown {
    const decided = this.#decide(child, item, attempt, guarded);
    const left = this.#live?.leftBy(child);
    return left === undefined ? decided : decidedAfter(left, decided);
  }

  /** Decides what one child has come to: outputs to emit, an item that ended, or a failed try. */
  #decide(child: ChildExecution, item: unknown, attempt: number, guarded: GuardedCall | undefined): unknown {
    const { parent, link, frame } = child;
    const letters = this.mayRepeat ? child.letters : undefined;
    if (parent.frame.scope.reason !== undefined) {
      letters?.drop();
      guarded?.cancelled();
      this.#notifyCompleted(child, attempt, 'cancelled');
      link?.stop(attempt);
      return nothingAfter(dropItem(parent, this, link?.trace));
    }
    const childError = this.#errorOf(child);
    const error = childError ?? this.#combine(child);
    this.#notifyCompleted(child, attempt, error === undefined ? 'succeeded' : 'failed');
    if (error === undefined) {
      guarded?.succeeded();
      child.loseAround();
      return letters === undefined
        ? this.#succeeded(child, attempt)
        : this.#succeededWith(letters, child, item, attempt);
    }
    letters?.drop();
    const { failedFrame = frame, isFatal } = child;
    const endedAt = link?.stop(attempt, child.failure, failedFrame);
    const { trace, turn } = link ?? {};
    // What `combine` throws has failed in the parent.
    const where = childError === undefined ? parent.frame : failedFrame;
    // The end of the child's own scope says nothing about what the child calls.
    if (isFatal || (child.failure === undefined && frame.scope.reason !== undefined)) guarded?.cancelled();
    const failed = { error, item, trace, attempt, turn, frame: where, isFatal, endedAt };
    return this.failed(parent, failedAfter(guarded?.failed(error), failed));
  }

  /** Combines what a child that has succeeded gave, unless that has left already; gives the error of the try. */
  #combine(child: ChildExecution): PipelineError | undefined {
    const combining = this.#combining;
    if (combining === undefined || this.#live !== undefined || child.count === 0) return undefined;
    try {
      combining.combineKept(child, this.composite.output === 'many', this.view(child.parent));
      return undefined;
    } catch (error) {
      return error as PipelineError;
    }
  }

  /** What went wrong with a child: its failure, the end of its own scope, or a wrong number of outputs. */
  #errorOf(child: ChildExecution): PipelineError | undefined {
    const { reason } = child.frame.scope;
    if (child.failure === undefined && reason !== undefined) return scopeError(reason);
    return child.failure ?? outputProblem(this.composite.output, child, this.site.path);
  }

  /** The try counts, so its dead letters leave: before its outputs, or to a try further out that may be repeated. */
  #succeededWith(letters: HeldLetters, child: ChildExecution, item: unknown, attempt: number): Pending {
    const { parent, link } = child;
    const outer = parent.repeatableTry;
    const pending = new Pending();
    const sent = outer === undefined ? letters.leave() : letters.moveTo(outer);
    pending.work = sent.then((error) => {
      if (error === undefined) return pending.settle(this.#succeeded(child, attempt));
      const { trace, turn } = link ?? {};
      return pending.settle(this.failed(parent, { error, item, trace, attempt, turn, isFatal: true }));
    });
    return pending;
  }

  #succeeded(child: ChildExecution, attempt: number): unknown {
    const { parent, link, count, kept } = child;
    const counter = parent.counts.counter(this.index);
    const isMany = this.composite.output === 'many';
    const told = link?.succeed(count, attempt, isMany ? HeldOutputs.onlyOf(kept) : kept);
    if (count === 0) {
      counter.filtered += 1;
      // So that the levels above take it as handled too.
      parent.handled(child.handledError);
      if (link === undefined) return NOTHING;
      return nothingAfter(after(told, () => link.endFiltered(this.site, parent.frame, attempt)));
    }
    counter.out += 1;
    if (!isMany) {
      counter.emitted += 1;
      return outputAfter(told, kept);
    }
    if (this.#live !== undefined)
      return link === undefined ? NOTHING : nothingAfter(after(told, () => link.outputs?.end(attempt)));
    counter.emitted += count;
    return outputAfter(told, new HeldOutputs(kept as readonly unknown[], attempt, link));
  }

  override substitute(
    execution: Execution,
    value: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
  ): unknown {
    return value !== SKIP && this.composite.output === 'many'
      ? this.recover(execution, new HeldOutputs([value], attempt), trace, attempt)
      : super.substitute(execution, value, trace, attempt);
  }

  override recover(
    execution: Execution,
    given: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
  ): unknown {
    if (!(given instanceof HeldOutputs)) return super.recover(execution, given, trace, attempt);
    this.recovered(execution);
    const counter = this.counter(execution);
    counter.out += 1;
    counter.emitted += given.count;
    return outputAfter(trace?.pass(this.site, execution.frame, given.count, attempt), given);
  }

  #notifyCompleted({ parent, frame }: ChildExecution, attempt: number, outcome: Outcome): void {
    if (parent.followsChildren) tellChildCompleted(parent, this, frame.pipelineId, attempt, outcome);
  }
}
