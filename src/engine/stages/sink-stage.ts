import type { PipelineContext } from '../../context/pipeline-context.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { SinkNode } from '../../nodes/sink-node.js';
import type { Outcome } from '../../ports/execution-observer.js';
import { asNode } from '../execution/active-scopes.js';
import { CallStage } from './call-stage.js';
import { codeBehind } from './code-behind.js';
import type { Execution } from '../execution/execution.js';
import { NOTHING, nothingAfter } from '../execution/pending.js';
import type { Work } from '../execution/work.js';

/** The methods of a sink that its stage calls. */
export type SinkTarget = Pick<SinkNode<unknown>, 'write' | 'flush'>;

/** Writes items to a sink. */
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
    execution.counts.counter(this.index).out += 1;
    if (trace === undefined) return NOTHING;
    const told = trace.pass(this.site, execution.frame, 0, attempt);
    return nothingAfter(
      told === undefined
        ? trace.end('emitted', this.site, execution.frame, attempt)
        : told.then(() => trace.end('emitted', this.site, execution.frame, attempt)),
    );
  }

  override substitute(
    execution: Execution,
    value: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
  ): unknown {
    this.recovered(execution);
    return this.done(execution, value, trace, attempt);
  }

  /** The instance that {@link flush} calls; undefined if its construction failed. */
  flushed(execution: Execution): object | undefined {
    return codeBehind(this.target(execution));
  }

  /** Calls the sink's `flush`, if there is one; may throw, or return a promise that rejects. */
  flush(execution: Execution, outcome: Outcome): unknown {
    // Undefined if the construction of the sink class failed.
    const target = this.flushed(execution) as SinkTarget | undefined;
    return asNode(execution, this.site.path, () => target?.flush?.(this.view(execution), outcome));
  }

  /** Does nothing: a sink ends when it is flushed, at the end of the execution. */
  override end(): Work {
    return undefined;
  }
}
