import type { CompositeBlueprint } from '../../builder/blueprint.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { Execution } from '../execution/execution.js';
import { Pending } from '../execution/pending.js';
import type { StageSite } from '../execution/stage-site.js';
import { FailedAgain } from '../stages/failed-try.js';
import type { FailedTry } from '../stages/failed-try.js';
import type { FallbackRun } from '../stages/recovery.js';
import type { ChildStarter } from './child-starter.js';
import { CompositeStage } from './composite-stage.js';

/** Runs a sub-pipeline in place of a node, for an item that has failed there. What it gives leaves through the node. */
export class FallbackStage extends CompositeStage implements FallbackRun {
  /** @param node the number of the node whose items it gets. */
  constructor(
    site: StageSite,
    composite: CompositeBlueprint,
    starter: ChildStarter,
    private readonly node: number,
  ) {
    // Outputs are kept until the sub-pipeline has succeeded: else the rules behind could not decide about the item.
    super(site, undefined, undefined, composite, starter, undefined, true);
  }

  override get ofNode(): number {
    return this.node;
  }

  run(execution: Execution, item: unknown, trace: ItemTrace | undefined): unknown {
    const counter = this.counter(execution);
    counter.in += 1;
    const given = this.attempt(execution, item, trace, 1, undefined);
    if (!Pending.is(given)) return given;
    counter.waiting += 1;
    const ended = new Pending();
    ended.work = given.work.then(() => {
      counter.waiting -= 1;
      return ended.settle(given.outcome);
    });
    return ended;
  }

  /** Leaves the decision to the rules behind, at the node. */
  protected override failed(execution: Execution, failed: FailedTry): unknown {
    this.counter(execution).failed += 1;
    return new FailedAgain(failed);
  }
}
