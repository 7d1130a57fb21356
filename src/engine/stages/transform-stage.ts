import type { PipelineContext } from '../../context/pipeline-context.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { TransformNode } from '../../nodes/transform-node.js';
import { CallStage } from './call-stage.js';
import type { Execution } from '../execution/execution.js';

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
    return this.gave(execution, result, trace, attempt);
  }
}
