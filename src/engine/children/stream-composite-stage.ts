import { runInContext } from '../../context/ambient-context.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { TimedCall } from '../../observability/node-meter.js';
import type { BudgetLimits } from '../../run/spending/budget-limits.js';
import { CancelScope } from '../../run/ending/cancel-scope.js';
import { OpenChild } from './open-child.js';
import type { ChildExecution } from '../plan/plan.js';
import { ChildFailure } from './child-starter.js';
import type { ChildStarter } from './child-starter.js';
import type { Execution, OutputReceiver } from '../execution/execution.js';
import { enterExecution } from '../execution/active-scopes.js';
import { tellChildCompleted, tellChildStarted } from '../execution/tell.js';
import { scopeError } from '../execution/engine-errors.js';
import { allEnded } from '../stages/fan-out-stage.js';
import { breakItem, dropItem, endTrace } from '../stages/item-end.js';
import type { BreakableStream } from '../stages/item-end.js';
import { closeExecution, openNodes, runSources } from '../plan/run-plan.js';
import { NodeStage } from '../stages/stage.js';
import type { StageSite } from '../execution/stage-site.js';
import { outcomeOf, tellStart } from '../plan/tell-events.js';
import { after } from '../execution/work.js';
import type { Work } from '../execution/work.js';

/** The single child of a stream composite in one execution of its parent. */
interface ChildStream extends BreakableStream {
  /** The child's execution; undefined if it could not be started. */
  readonly child: ChildExecution | undefined;
  /** The child as the run sees it, to close it at the deadline. */
  readonly open: OpenChild | undefined;
  /** Settles when the child's nodes are ready; undefined once they are. */
  opening: Work;
  /** The work of the child's own sources. */
  sources: Work;
  /** The timed work of the child on an item; undefined where the item is not timed. */
  timed: TimedCall | undefined;
}

/** Runs a sub-pipeline once over the whole stream of its parent. */
export class StreamCompositeStage extends NodeStage implements OutputReceiver {
  constructor(
    site: StageSite,
    private readonly starter: ChildStarter,
    /** Limits for the child's spending; undefined for none of its own. */
    private readonly budget: BudgetLimits | undefined,
  ) {
    super(site);
  }

  get ofNode(): number {
    return this.index;
  }

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    this.counter(execution).in += 1;
    if (execution.isHalted) return dropItem(execution, this, trace);
    const { child, opening } = this.#open(execution);
    if (child === undefined) return breakItem(execution, this, this.#open(execution), trace);
    if (opening !== undefined)
      return this.#waiting(execution, opening).then(() => this.#pass(execution, child, item, trace));
    return this.#pass(execution, child, item, trace);
  }

  #pass(execution: Execution, child: ChildExecution, item: unknown, trace: ItemTrace | undefined): Work {
    if (this.budget !== undefined) child.scope.budget.admit(this.site.path);
    this.#watch(execution, child);
    if (child.isHalted) return breakItem(execution, this, this.#open(execution), trace);
    const inner = child.frame.services.lineage === undefined ? undefined : trace;
    const told = trace?.pass(this.site, execution.frame, 1, 1, item);
    this.#time(execution);
    const pushed =
      told === undefined
        ? enterExecution(child, pushInto, child, item, inner)
        : told.then(() => enterExecution(child, pushInto, child, item, inner));
    if (pushed !== undefined)
      return this.#waiting(execution, pushed).then(() => this.#passed(execution, child, trace, inner));
    return this.#passed(execution, child, trace, inner);
  }

  /** Begins to time the child's work on an item, if that is due; what it hands on in the meantime is not its own time. */
  #time(execution: Execution): void {
    const meter = execution.run.readings?.meterIn(execution, this);
    if (meter?.isDue() === true) this.#open(execution).timed = meter.start();
  }

  /** Counts an item as waiting until the given work is done. */
  #waiting(execution: Execution, work: Promise<void>): Promise<void> {
    const counter = this.counter(execution);
    counter.waiting += 1;
    return work.then(() => {
      counter.waiting -= 1;
    });
  }

  #passed(
    execution: Execution,
    child: ChildExecution,
    trace: ItemTrace | undefined,
    inner: ItemTrace | undefined,
  ): Work {
    const stream = this.#open(execution);
    stream.timed?.stop();
    stream.timed = undefined;
    this.#watch(execution, child);
    if (this.#errorOf(execution, child) !== undefined)
      return breakItem(execution, this, stream, inner === undefined ? trace : undefined);
    this.counter(execution).out += 1;
    // If the child does not inherit the lineage sink, the item's trace ends here.
    if (inner !== undefined) return undefined;
    return trace?.isInner === true ? trace.leave() : endTrace(execution, this, trace, 'aggregated');
  }

  override end(execution: Execution): Work {
    const known = this.state(execution) as ChildStream | undefined;
    if (known === undefined && execution.isHalted) return this.next.end(execution);
    const { child, opening } = this.#open(execution);
    if (child === undefined) return this.next.end(execution);
    const ended = after(opening, () => this.#endChild(execution, child));
    return after(ended, () => {
      this.#watch(execution, child);
      this.#notifyCompleted(execution, child);
      this.completed(execution);
      return this.next.end(execution);
    });
  }

  #endChild(execution: Execution, child: ChildExecution): Work {
    const { plan } = child;
    const { sources, open } = this.#open(execution);
    const ended = enterExecution(child, () => allEnded([plan.input?.end(child), sources]));
    const closed = after(ended, () => enterExecution(child, closeExecution, plan, child));
    return after(closed, () => {
      if (open !== undefined) execution.run.release(open);
      return undefined;
    });
  }

  /** Receives an output of the child, and pushes it on in the parent's context. */
  receive(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    const { parent } = execution as ChildExecution;
    const counter = this.counter(parent);
    const taken = counter.emitted;
    counter.emitted += 1;
    const outer = execution.lineage === undefined ? this.#follow(parent, item, taken) : trace;
    // Sources of the child may give outputs while it is being opened.
    const timed = (this.state(parent) as ChildStream | undefined)?.timed;
    timed?.pause();
    const pushed = enterExecution(parent, (): Work => this.next.push(parent, item, outer));
    return timed === undefined ? pushed : after(pushed, timed.resume);
  }

  /** Follows an output of a child that keeps no lineage: nobody knows what it was made of. */
  #follow(parent: Execution, output: unknown, taken: number): ItemTrace | undefined {
    const { lineage, itemChild } = parent;
    const trace =
      itemChild === undefined
        ? lineage?.follow(output, taken)
        : lineage && itemChild.link?.followed?.fork(output);
    void trace?.pass(this.site, parent.frame, 1, 1, output);
    return trace;
  }

  override get relay(): undefined {
    return undefined;
  }

  override isClosed(execution: Execution): boolean {
    // Asked by the child's output stage: the answer is that of the stage behind. Else asked by the stage before.
    if (execution.parent !== undefined && execution.receiver === this) {
      return this.next.isClosed(execution.parent);
    }
    const state = this.state(execution) as ChildStream | undefined;
    const child = state?.child;
    return child === undefined ? this.next.isClosed(execution) : child.plan.input?.isClosed(child) === true;
  }

  #open(execution: Execution): ChildStream {
    const known = this.state(execution) as ChildStream | undefined;
    if (known !== undefined) return known;
    const opened = this.#start(execution);
    this.setState(execution, opened);
    return opened;
  }

  #start(execution: Execution): ChildStream {
    const { scope } = execution.frame;
    const child = this.starter.start(execution, this, undefined, this.#limited(scope));
    if (child instanceof ChildFailure) {
      execution.fail(child.error, this.site, child.isFatal);
      return {
        child: undefined,
        open: undefined,
        opening: undefined,
        sources: undefined,
        timed: undefined,
        hasFailedItem: false,
      };
    }
    const { plan } = child;
    const open = new OpenChild(child);
    execution.run.keep(open);
    // The child may fail while the parent waits for its next item.
    child.onStop(() => {
      this.#watch(execution, child);
    });
    if (execution.followsChildren) tellChildStarted(execution, this, child, 1);
    if (execution.run.followsBelow) runInContext(child, tellStart, plan, child);
    const state: ChildStream = {
      child,
      open,
      opening: undefined,
      sources: undefined,
      timed: undefined,
      hasFailedItem: false,
    };
    const opening = enterExecution(child, openNodes, plan, child);
    state.opening = after(opening, () => {
      state.opening = undefined;
      state.sources = enterExecution(child, runSources, plan, child);
    });
    return state;
  }

  #notifyCompleted(execution: Execution, child: ChildExecution): void {
    if (execution.followsChildren)
      tellChildCompleted(execution, this, child.frame.pipelineId, 1, outcomeOf(child));
  }

  /** Fails the parent's execution if the child has failed. No policy decides, as no single item has failed. */
  #watch(execution: Execution, child: ChildExecution): void {
    execution.handled(child.handledError);
    const error = this.#errorOf(execution, child);
    if (error !== undefined) execution.fail(error, this.site, child.isFatal, child.failedFrame);
  }

  /** The error that has ended the child but not the parent: a failure, or the budget of the child. */
  #errorOf({ scope }: Execution, child: ChildExecution): PipelineError | undefined {
    if (child.failure !== undefined || this.budget === undefined || scope.reason !== undefined)
      return child.failure;
    const { reason } = child.scope;
    return reason && scopeError(reason);
  }

  #limited(scope: CancelScope): CancelScope {
    if (this.budget === undefined) return scope;
    const own = new CancelScope(this.site.path, scope);
    own.limitBudget(this.budget);
    return own;
  }
}

function pushInto(child: ChildExecution, item: unknown, trace: ItemTrace | undefined): Work {
  return child.plan.input?.push(child, item, trace);
}
