import { isThenable } from '../../data/foreign-value.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { SourceNode } from '../../nodes/source-node.js';
import { viewOf } from '../../context/pipeline-context.js';
import { CancelScope } from '../../run/ending/cancel-scope.js';
import { asNode } from '../execution/active-scopes.js';
import { wholeNodeFailed } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import type { NodeCode } from '../stages/node-code.js';
import { passageFor, workOf } from './passage.js';
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

/** The stages behind a source, as the compiler links them. */
export interface SourceLine {
  readonly segment: SegmentStage;
  /** True if a stage behind may stop accepting items before the source ends. */
  readonly canClose: boolean;
  /** Number of items after which a loop is generated for the source. */
  readonly generateAfter: number;
}

/** The code of a source that was given as an iterable: `open` returns this iterable. */
interface HandedIn {
  open(): unknown;
}

/** Opens a source node and pulls its items. */
export class SourceStage extends NodeStage implements PulledStage {
  /** True if a stage behind may stop accepting items before the source ends. */
  canClose = false;

  /** The segment that the items enter first. */
  segment: SegmentStage = NO_SEGMENT;

  /** For lists and iterators, each as it is and with some items that are followed. */
  readonly #loops: (SourceLoops | undefined)[] = [];
  #generateAfter = Infinity;

  constructor(
    site: StageSite,
    readonly code: NodeCode,
    /** Milliseconds to wait for an item at most; undefined for no limit. */
    readonly idleTimeoutMs?: number,
  ) {
    super(site);
  }

  /** Links the source to the stages behind it. */
  lead({ segment, canClose, generateAfter }: SourceLine): void {
    this.segment = segment;
    this.canClose = canClose;
    this.#generateAfter = segment.isWalked ? generateAfter : Infinity;
  }

  /** Returns the loops over the source's items; made at the first call. */
  loops(isList: boolean, isSampled: boolean): SourceLoops {
    return (this.#loops[(isList ? 1 : 0) + (isSampled ? 2 : 0)] ??= this.#makeLoops(isList, isSampled));
  }

  #makeLoops(isList: boolean, isSampled: boolean): SourceLoops {
    const { segment, canClose } = this;
    const line: PulledLine = {
      source: this,
      segment,
      next: segment.next,
      isList,
      canClose,
      isSampled,
    };
    return {
      atOnce: new WrittenOut(pullInLoop, this.#generateAfter, () => generatePull(line)),
      waiting: new WrittenOut<WaitingLoop | undefined>(undefined, this.#generateAfter, () =>
        generateWaitingPull(line),
      ),
    };
  }

  /** Takes an item that is pushed, not pulled. */
  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    return workOf(this.enter(execution, item, trace));
  }

  /** Counts an item and sends it into the segment; returns a passage if the item must wait. */
  enter(execution: Execution, item: unknown, trace: ItemTrace | undefined): Passage | undefined {
    execution.counts.counter(this.index).passed += 1;
    const told = trace?.pass(this.site, execution.frame, 1, 1, item);
    return told === undefined
      ? this.segment.enter(execution, item, trace)
      : passageFor(
          told.then(() => workOf(this.segment.enter(execution, item, trace))),
          execution,
        );
  }

  /** Opens the source and pulls its items until the source or the execution ends. */
  run(execution: Execution): Work {
    if (execution.isHalted) return this.next.end(execution);
    const { id, path } = this.site;
    // An iterable needs no context, so none is made.
    if (this.code.isHandedIn) return this.feed(execution, (this.code.shared as HandedIn).open());
    const target = this.state(execution) as Pick<SourceNode<unknown>, 'open'>;
    const scope = new CancelScope(path, execution.frame.scope, false, true);
    const pull = new Pull(this, execution, { isOpened: true, scope });
    let items: unknown;
    try {
      items = asNode(execution, path, () => target.open(viewOf(execution.frame, id, scope)));
    } catch (thrown) {
      scope.close();
      execution.fail(wholeNodeFailed(path, thrown, 'failed', execution.frame), this.site);
      return this.next.end(execution);
    }
    // Query objects of some libraries are both iterable and thenable: these are iterated.
    return isThenable(items) && !isIterable(items) ? pull.runLater(items) : pull.run(items);
  }

  /** Pulls from an iterable that the user passed in, until the iterable or the execution ends. */
  feed(execution: Execution, items: unknown): Work {
    return new Pull(this, execution, { isOpened: false, scope: undefined }).run(items);
  }
}
