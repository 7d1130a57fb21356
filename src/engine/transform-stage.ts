import type { PipelineContext } from '../context/pipeline-context.js';
import type { ItemTrace } from '../lineage/item-trace.js';
import { SKIP } from '../nodes/skip.js';
import type { TransformNode } from '../nodes/transform-node.js';
import { CallStage } from './call-stage.js';
import type { Execution } from './execution.js';
import { dropItem, endTrace } from './item-end.js';
import { nothingAfter } from './work-stage.js';
import { isThenable } from './work.js';

type TransformTarget = Pick<TransformNode<unknown, unknown>, 'transform'>;

/** Makes one item of another, or filters it out. */
export class TransformStage extends CallStage<TransformTarget> {
  /** The way of nearly every item, written out: one try without a limit that gives a value at once. */
  override process(execution: Execution, item: unknown, trace: ItemTrace | undefined): unknown {
    if (trace !== undefined || this.timeoutMs !== undefined) return super.process(execution, item, trace);
    const { states, run } = execution;
    const counter = run.counter(this.index);
    counter.in += 1;
    if (execution.isHalted) return nothingAfter(dropItem(execution, this, trace));
    let result: unknown;
    try {
      const target = this.shared ?? (states[this.slot + 1] as TransformTarget);
      const view = states[this.slot] as PipelineContext | undefined;
      result = target.transform(item, view ?? this.view(execution));
      // Inside: to look for a 'then' may throw.
      if (typeof result === 'object' && isThenable(result))
        return this.settle(execution, item, trace, result, 1);
    } catch (thrown) {
      return this.thrown(execution, item, trace, thrown, 1);
    }
    if (result === SKIP) return this.done(execution, result, trace, 1);
    counter.out += 1;
    counter.emitted += 1;
    return result;
  }

  protected override call(target: TransformTarget, item: unknown, view: PipelineContext): unknown {
    return target.transform(item, view);
  }

  protected override done(
    execution: Execution,
    result: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
  ): unknown {
    const counter = this.counter(execution);
    if (result === SKIP) {
      counter.filtered += 1;
      trace?.pass(this.place(execution), 0, attempt);
      return nothingAfter(endTrace(execution, this, trace, 'filtered', attempt));
    }
    counter.out += 1;
    counter.emitted += 1;
    trace?.pass(this.place(execution), 1, attempt);
    return result;
  }
}
