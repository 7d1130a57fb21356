import type { InnerTrace, ItemTrace } from '../../lineage/item-trace.js';
import { TracedPlace } from '../../lineage/traced-place.js';
import { ItemOutputs } from '../../lineage/item-outputs.js';
import type { ItemEnd } from '../../lineage/item-end.js';
import type { ContextFrame } from '../../context/context-frame.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import type { StageSite } from './stage-site.js';
import { after } from './work.js';
import type { Work } from './work.js';

/** Links a composite's item to its child execution. Made only if the item is traced, waits for a turn, or is mapped. */
export class ItemLink<TTurn> {
  /** What has followed the outputs that are kept, in their order. */
  branches: (ItemTrace | undefined)[] = [];
  /** Follows outputs that leave while the child runs, from the first one on. */
  outputs: ItemOutputs | undefined;

  constructor(
    /** The item that the composite received. */
    readonly item: unknown,
    /** The item that the child receives. */
    readonly input: unknown,
    /** The item's trace in the parent. */
    readonly trace: ItemTrace | undefined,
    /** The item's trace in the child. */
    readonly inner: InnerTrace | undefined,
    /** True if the child keeps lineage, so that its nodes are on the way of the item. */
    private readonly isFollowed: boolean,
    /** Sends the child's outputs on when it is this item's turn. */
    readonly turn: TTurn | undefined,
  ) {}

  /**
   * Notes that the child has succeeded: the item goes on behind the composite.
   *
   * @param output what came out, if that is one item.
   */
  succeed(outputs: number, attempt: number, output: unknown): Work {
    const { trace, inner } = this;
    if (trace === undefined || inner === undefined) return undefined;
    const branch = this.outputs?.latestBranch ?? this.branches.at(-1);
    const told = trace.passComposite(inner, branch, outputs, attempt, output);
    return after(told, () => this.outputs?.settle());
  }

  /** Ends the item, whose child gave no output; where the child has ended it, as that did. */
  endFiltered(site: StageSite, frame: ContextFrame, attempt: number): Work {
    const ending = this.inner?.item.ending;
    return ending === undefined
      ? this.trace?.end('filtered', site, frame, attempt)
      : this.trace?.endAs(ending);
  }

  /**
   * Follows an output that leaves while the child runs.
   *
   * @param branch what has followed it out of the child.
   */
  follow(
    site: StageSite,
    frame: ContextFrame,
    output: unknown,
    branch: ItemTrace | undefined,
  ): ItemTrace | undefined {
    const { trace, inner } = this;
    if (trace === undefined) return undefined;
    this.outputs ??= new ItemOutputs(site, frame, trace, inner, false);
    return this.outputs.next(output, branch);
  }

  /**
   * Notes that the child has not succeeded; gives how the item ended in it, where a node of it has failed.
   *
   * @param failure what ended the child.
   * @param frame where that was.
   */
  stop(attempt: number, failure?: PipelineError, frame?: ContextFrame): ItemEnd | undefined {
    const { inner } = this;
    if (inner === undefined) return undefined;
    inner.item.conclude(0, attempt);
    void this.outputs?.settle();
    const { ending } = inner.item;
    if (ending?.outcome === 'error') return ending;
    // What failed was the work of a node on no item, or on all of them.
    const path = failure?.path;
    if (path === undefined || frame === undefined) return undefined;
    const site = { id: path.slice(path.lastIndexOf('/') + 1), path };
    return inner.endAt('error', new TracedPlace(site, frame), 1);
  }

  /** The item's trace for the nodes of the child; undefined if the child keeps no lineage. */
  get followed(): InnerTrace | undefined {
    return this.isFollowed ? this.inner : undefined;
  }
}
