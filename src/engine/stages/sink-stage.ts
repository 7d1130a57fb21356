import type { PipelineContext } from '../../context/pipeline-context.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { SinkNode } from '../../nodes/sink-node.js';
import type { Outcome } from '../../ports/execution-observer.js';
import { CallStage } from './call-stage.js';
import type { Execution } from '../execution/execution.js';
import { endTrace } from './item-end.js';
import { nothingAfter } from '../execution/pending.js';
import type { Work } from '../execution/work.js';

/** What a sink's stage calls. */
export type SinkTarget = Pick<SinkNode<unknown>, 'write' | 'flush'>;

/** Takes items out of the pipeline. */
export class SinkStage extends CallStage<SinkTarget> {
  protected override call(target: SinkTarget, item: unknown, view: PipelineContext): unknown {
    return target.write(item, view);
  }

  override done(
    execution: Execution,
    _result: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
  ): unknown {
    execution.run.counter(this.index).out += 1;
    trace?.pass(this.place(execution), 0, attempt);
    return nothingAfter(endTrace(execution, this, trace, 'emitted', attempt));
  }

  /** The instance that {@link flush} is for; undefined where none could be made. */
  flushed(execution: Execution): object | undefined {
    return this.target(execution);
  }

  /** Calls `flush` where the sink has one; may throw or give a promise that rejects. */
  flush(execution: Execution, outcome: Outcome): unknown {
    // A class that could not be constructed has no instance to flush.
    const target = this.target(execution) as SinkTarget | undefined;
    return target?.flush?.(this.view(execution), outcome);
  }

  /** A sink has ended once it is flushed, which is a matter of the execution's end. */
  override end(): Work {
    return undefined;
  }
}
