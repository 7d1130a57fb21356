import type { ItemTrace } from '../../lineage/item-trace.js';
import type { Execution } from '../execution/execution.js';
import { Lanes } from './lanes.js';
import type { LaneOptions } from './lanes.js';
import type { Room } from './room.js';
import { Stage } from './stage.js';
import type { WorkStage } from './work-stage.js';
import { after } from '../execution/work.js';
import type { Work } from '../execution/work.js';

/** Processes several items of a node at once. Results leave one at a time, by default in the order of the inputs. */
export class ParallelStage extends Stage {
  constructor(
    private readonly stage: WorkStage,
    private readonly options: LaneOptions,
    private readonly slot: number,
  ) {
    super();
  }

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    return this.#lanes(execution).start(item, trace);
  }

  override end(execution: Execution): Work {
    return after(this.#lanes(execution).drained(), () => this.stage.end(execution));
  }

  override get relay(): Stage {
    return this.stage;
  }

  override isClosed(execution: Execution): boolean {
    return this.stage.isClosed(execution);
  }

  override room(execution: Execution): Room {
    return this.#lanes(execution);
  }

  #lanes(execution: Execution): Lanes {
    const known = execution.states[this.slot] as Lanes | undefined;
    if (known !== undefined) return known;
    const lanes = new Lanes(execution, this.stage, this.options);
    execution.states[this.slot] = lanes;
    return lanes;
  }
}
