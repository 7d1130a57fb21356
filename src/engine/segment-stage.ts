import type { ItemTrace } from '../lineage/item-trace.js';
import type { Execution } from './execution.js';
import { NOWHERE, Stage } from './stage.js';
import type { TransformStage } from './transform-stage.js';
import { NOTHING } from './work-stage.js';
import type { Work } from './work.js';

/** Transforms in a row, passed in one loop: an item goes through all of them without a call from one to the next. */
export class SegmentStage extends Stage {
  /** What the items of the last one go to. */
  next: Stage = NOWHERE;

  constructor(private readonly stages: readonly TransformStage[]) {
    super();
  }

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    return this.#pass(execution, item, trace, 0);
  }

  override end(execution: Execution): Work {
    for (const stage of this.stages) stage.completed(execution);
    return this.next.end(execution);
  }

  override isClosed(execution: Execution): boolean {
    return this.next.isClosed(execution);
  }

  #pass(execution: Execution, item: unknown, trace: ItemTrace | undefined, first: number): Work {
    const { stages } = this;
    let value = item;
    for (let index = first; index < stages.length; index += 1) {
      value = (stages[index] as TransformStage).process(execution, value, trace);
      if (value === NOTHING) return undefined;
      if (typeof value === 'object' && value instanceof Promise)
        return this.#passLater(execution, value, trace, index + 1);
    }
    return this.next.push(execution, value, trace);
  }

  #passLater(
    execution: Execution,
    pending: Promise<unknown>,
    trace: ItemTrace | undefined,
    next: number,
  ): Work {
    return pending.then((value) =>
      value === NOTHING ? undefined : this.#pass(execution, value, trace, next),
    );
  }
}
