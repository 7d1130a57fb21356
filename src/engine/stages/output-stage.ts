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
    trace?.pass(this.place(execution), 1, 1);
    const received = execution.receiver?.receive(execution, item, trace);
    // In a root execution the item's trace ends here.
    return trace === undefined || execution.frame.parent !== undefined
      ? received
      : this.#endAfter(received, execution, trace);
  }

  #endAfter(received: Work, execution: Execution, trace: ItemTrace): Work {
    return after(received, () => endTrace(execution, this, trace, 'emitted'));
  }
}
