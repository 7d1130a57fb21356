import type { ItemTrace } from '../../lineage/item-trace.js';
import type { ItemStep } from '../../nodes/item-operator.js';
import type { ErrorPolicy } from '../../resilience/error-policy.js';
import type { Execution } from '../execution/execution.js';
import type { StageSite } from '../execution/stage-site.js';

import type { Work } from '../execution/work.js';
import { codeBehind } from '../stages/code-behind.js';
import type { NodeCode } from '../stages/node-code.js';
import { TransformStage } from '../stages/transform-stage.js';

/** Calls an operator that may have enough before the stream ends: it then ends what follows, and closes what is before. */
export class ClosingStage extends TransformStage {
  /** @param endSlot where an execution keeps how the stages behind have ended. */
  constructor(
    site: StageSite,
    policy: ErrorPolicy<unknown> | undefined,
    code: NodeCode,
    private readonly endSlot: number,
  ) {
    super(site, policy, code, undefined);
  }

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    const pushed = super.push(execution, item, trace);
    if (pushed !== undefined) return pushed.then(() => this.#endIfEnough(execution));
    return this.#hasEnough(execution) ? this.#endIfEnough(execution) : undefined;
  }

  override end(execution: Execution): Work {
    return this.#endNext(execution);
  }

  override get relay(): undefined {
    return undefined;
  }

  override isClosed(execution: Execution): boolean {
    return this.#hasEnough(execution) || super.isClosed(execution);
  }

  #hasEnough(execution: Execution): boolean {
    const target = this.target(execution) as Partial<ItemStep> | undefined;
    // What stands before the code, to measure it for example, does not say.
    const step =
      target?.isEnough === undefined ? (codeBehind(target) as Partial<ItemStep> | undefined) : target;
    return step?.isEnough === true;
  }

  #endIfEnough(execution: Execution): Work {
    if (!this.#hasEnough(execution) || execution.isHalted) return undefined;
    const ended = this.#endNext(execution);
    execution.run.streamLeft();
    return ended;
  }

  /** Ends the stages behind, the first time. */
  #endNext(execution: Execution): Work {
    const known = execution.states[this.endSlot] as { readonly work: Work } | undefined;
    if (known !== undefined) return known.work;
    // Noted before the stages behind hear of it: their end may push the last items, and ask.
    execution.states[this.endSlot] = { work: undefined };
    this.completed(execution);
    const work = this.next.end(execution);
    execution.states[this.endSlot] = { work };
    return work;
  }
}
