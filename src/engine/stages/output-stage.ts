import type { ItemTrace } from '../../lineage/item-trace.js';
import type { Execution } from '../execution/execution.js';
import { dropItem, endTrace } from './item-end.js';
import { NodeStage } from './stage.js';
import { after } from '../execution/work.js';
import type { Work } from '../execution/work.js';

/** Passes the outputs of a sub-pipeline to the receiver of its execution. */
export class OutputStage extends NodeStage {
  override get relay(): undefined {
    return undefined;
  }

  override isClosed(execution: Execution): boolean {
    return execution.receiver?.isClosed(execution) === true;
  }

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    const counter = execution.counts.counter(this.index);
    if (execution.isHalted) {
      counter.in += 1;
      return dropItem(execution, this, trace);
    }
    counter.passed += 1;
    return trace === undefined
      ? execution.receiver?.receive(execution, item, undefined)
      : this.#pass(execution, item, trace);
  }

  #pass(execution: Execution, item: unknown, trace: ItemTrace): Work {
    const { receiver } = execution;
    const told = trace.pass(this.site, execution.frame, 1, 1, item);
    const received = after(told, () => receiver?.receive(execution, item, trace));
    // The item leaves the run, or gets lost among the outputs of a child that was not made for it.
    const isAtEnd = execution.parent === undefined || (receiver?.isPerItem === true && !trace.isInner);
    return isAtEnd ? after(received, () => endTrace(execution, this, trace, 'emitted')) : received;
  }
}
