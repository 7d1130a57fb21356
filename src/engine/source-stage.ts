import { isThenable } from '../data/foreign-value.js';
import type { ItemTrace } from '../lineage/item-trace.js';
import type { SourceNode } from '../nodes/source-node.js';
import { PipelineContext } from '../context/pipeline-context.js';
import { CancelScope } from '../run/cancel-scope.js';
import { wholeNodeFailed } from './engine-errors.js';
import type { Execution } from './execution.js';
import type { NodeCode } from './node-code.js';
import { settle } from './passage.js';
import type { Passage } from './passage.js';
import { isIterable } from './open-items.js';
import { Pull } from './pull.js';
import type { PulledStage } from './pull.js';
import { NO_SEGMENT } from './segment-stage.js';
import type { SegmentStage } from './segment-stage.js';
import { NodeStage } from './stage.js';
import type { StageSite } from './stage-site.js';
import type { Work } from './work.js';

/** Brings items in: pulled from what the node's code opens. */
export class SourceStage extends NodeStage implements PulledStage {
  /** Whether anything behind it can lose interest before the items end. */
  canClose = false;

  /** What the items that it pulls go through first. */
  segment: SegmentStage = NO_SEGMENT;

  constructor(
    site: StageSite,
    readonly code: NodeCode,
  ) {
    super(site);
  }

  /** Takes an item that comes in by itself. */
  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    const passage = this.enter(execution, item, trace);
    return passage === undefined ? undefined : settle(passage);
  }

  /** The same for a caller that waits itself; gives a passage where the item must wait. */
  enter(execution: Execution, item: unknown, trace: ItemTrace | undefined): Passage | undefined {
    execution.run.counter(this.index).passed += 1;
    trace?.pass(this.place(execution), 1, 1);
    return this.segment.enter(execution, item, trace);
  }

  /** Opens the source and pulls until its end, or the execution's. */
  run(execution: Execution): Work {
    if (execution.isHalted) return this.next.end(execution);
    const { id, path } = this.site;
    const target = this.state(execution) as Pick<SourceNode<unknown>, 'open'>;
    const scope = new CancelScope(path, execution.frame.scope, false, true);
    const pull = new Pull(this, execution, { isOpened: !this.code.isHandedIn, scope });
    let items: unknown;
    try {
      items = target.open(new PipelineContext(execution.frame, id, scope));
    } catch (thrown) {
      scope.close();
      execution.fail(wholeNodeFailed(path, thrown, 'failed', execution.frame), this.site);
      return this.next.end(execution);
    }
    // A query may be both: what can be iterated is.
    return isThenable(items) && !isIterable(items) ? pull.runLater(items) : pull.run(items);
  }

  /** Pulls from an iterable that was handed in to its end, or the execution's. */
  feed(execution: Execution, items: unknown): Work {
    return new Pull(this, execution, { isOpened: false, scope: undefined }).run(items);
  }
}
