import type { PipelineContext } from '../../context/pipeline-context.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import { SKIP } from '../../nodes/skip.js';
import type { TransformNode } from '../../nodes/transform-node.js';
import { CallStage } from './call-stage.js';
import type { Execution } from '../execution/execution.js';
import { endTrace } from './item-end.js';
import { nothingAfter } from '../execution/pending.js';

/** The method of a transform that its stage calls. */
export type TransformTarget = Pick<TransformNode<unknown, unknown>, 'transform'>;

/** Calls a transform with each item; the result is the next item, or `SKIP` to filter the item out. */
export class TransformStage extends CallStage<TransformTarget> {
  protected override call(target: TransformTarget, item: unknown, view: PipelineContext): unknown {
    return target.transform(item, view);
  }

  override done(
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

  override substitute(
    execution: Execution,
    value: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
  ): unknown {
    if (value !== SKIP) this.recovered(execution);
    return this.done(execution, value, trace, attempt);
  }
}
