import { isThenable } from '../../data/foreign-value.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { SourceNode } from '../../nodes/source-node.js';
import { PipelineContext } from '../../context/pipeline-context.js';
import { CancelScope } from '../../run/ending/cancel-scope.js';
import { wholeNodeFailed } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import type { NodeCode } from '../stages/node-code.js';
import { workOf } from './passage.js';
import type { Passage } from './passage.js';
import { isIterable } from '../streams/open-items.js';
import { generatePull, generateWaitingPull } from './generated-pull.js';
import type { PulledLine } from './generated-pull.js';
import { Pull } from './pull.js';
import type { PulledStage } from './pull.js';
import { pullInLoop } from './pull-loop.js';
import type { SourceLoops, WaitingLoop } from './pull-loop.js';
import { WrittenOut } from './written-out.js';
import { NO_SEGMENT } from './segment-stage.js';
import type { SegmentStage } from './segment-stage.js';
import { NodeStage } from '../stages/stage.js';
import type { StageSite } from '../execution/stage-site.js';
import type { Work } from '../execution/work.js';

/** What the items of a source go through first. */
export interface SourceLine {
  readonly segment: SegmentStage;
  /** Whether anything behind it can lose interest before the items end. */
  readonly canClose: boolean;
  /** After how many items the loop over them is written out. */
  readonly generateAfter: number;
}

/** What stands for an iterable that the user has made. */
interface HandedIn {
  open(): unknown;
}

/** Brings items in: pulled from what the node's code opens. */
export class SourceStage extends NodeStage implements PulledStage {
  /** Whether anything behind it can lose interest before the items end. */
  canClose = false;

  /** What the items that it pulls go through first. */
  segment: SegmentStage = NO_SEGMENT;

  readonly #loops: { list: SourceLoops | undefined; iterator: SourceLoops | undefined } = {
    list: undefined,
    iterator: undefined,
  };
  #generateAfter = Infinity;

  constructor(
    site: StageSite,
    readonly code: NodeCode,
    /** How long an item may be waited for. */
    readonly idleTimeoutMs?: number,
  ) {
    super(site);
  }

  /** Joins it to the nodes behind it. */
  lead({ segment, canClose, generateAfter }: SourceLine): void {
    this.segment = segment;
    this.canClose = canClose;
    this.#generateAfter = segment.isWalked ? generateAfter : Infinity;
  }

  /** The loops over its items, up to the end of the segment behind it. */
  loops(isList: boolean): SourceLoops {
    return (this.#loops[isList ? 'list' : 'iterator'] ??= this.#makeLoops(isList));
  }

  #makeLoops(isList: boolean): SourceLoops {
    const { segment, canClose } = this;
    const line: PulledLine = {
      source: this,
      segment,
      next: segment.next,
      isList,
      canClose,
    };
    return {
      atOnce: new WrittenOut(pullInLoop, this.#generateAfter, () => generatePull(line)),
      waiting: new WrittenOut<WaitingLoop | undefined>(undefined, this.#generateAfter, () =>
        generateWaitingPull(line),
      ),
    };
  }

  /** Takes an item that comes in by itself. */
  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    return workOf(this.enter(execution, item, trace));
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
    // Nobody reads the context of an iterable that the user has made.
    if (this.code.isHandedIn) return this.feed(execution, (this.code.shared as HandedIn).open());
    const target = this.state(execution) as Pick<SourceNode<unknown>, 'open'>;
    const scope = new CancelScope(path, execution.frame.scope, false, true);
    const pull = new Pull(this, execution, { isOpened: true, scope });
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
