import { runInContext } from '../../context/ambient-context.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import { SKIP } from '../../nodes/skip.js';
import type { ChildExecution } from '../plan/plan.js';
import type { Execution } from '../execution/execution.js';
import type { ItemMapping } from './item-mapping.js';
import type { NodeStage, Stage } from '../stages/stage.js';
import type { Work } from '../execution/work.js';

/** Hands on the outputs of a composite's children while these still run. */
export class LiveOutputs {
  constructor(
    /** The composite. */
    private readonly stage: NodeStage,
    /** Makes what leaves of the outputs; undefined where they leave as they are. */
    private readonly combining: ItemMapping | undefined,
    /** Whether each child has a limit. */
    private readonly isLimited: boolean,
    /** Whether each child can end alone. */
    private readonly isScope: boolean,
  ) {}

  /** Hands on an output in its turn. The child's limit is for its own work: it stands still while others have the output. */
  send(child: ChildExecution, item: unknown): Work {
    if (child.isHalted) return undefined;
    const turn = child.link?.turn;
    const emit = (): Work => this.#emit(child, item);
    const sent = turn === undefined ? emit() : turn.send(child, emit);
    if (sent === undefined) return undefined;
    const taken = this.isLimited ? sent.then(child.frame.scope.holdLimit()) : sent;
    return this.isScope || child.plan.isConcurrent ? untilStopped(child, taken) : taken;
  }

  /** What a child that has stopped left behind: an output that others still have. */
  leftBy(child: ChildExecution): Work {
    return child.isHalted ? (child.kept as Work) : undefined;
  }

  /** Hands on an output in the parent's context. */
  #emit(child: ChildExecution, output: unknown): Work {
    if (child.isDetached) return undefined;
    const { parent, link } = child;
    let item = output;
    if (this.combining !== undefined) {
      item = runInContext(parent, () => this.#combined(child, output));
      if (item === SKIP) {
        child.count -= 1;
        return undefined;
      }
    }
    this.stage.counter(parent).emitted += 1;
    link?.trace?.split(1);
    return runInContext(parent, pushOn, this.stage.next, parent, item, link?.trace);
  }

  /** Combines one output; gives SKIP where that failed, which has ended the child then. */
  #combined(child: ChildExecution, output: unknown): unknown {
    const { parent, link } = child;
    // What a child still gives once it has failed is not asked about.
    if (child.isHalted) return SKIP;
    try {
      return this.combining?.combined(link?.item, output, this.stage.view(parent));
    } catch (error) {
      child.fail(error as PipelineError, this.stage.site, false, parent.frame);
      return SKIP;
    }
  }
}

/**
 * Waits until others have taken a child's output, or until the child stops: then its composite waits for that output.
 *
 * So a failure beside the output is heard at once, though the output may wait for a turn further out.
 */
function untilStopped(child: ChildExecution, taken: Promise<void>): Promise<void> {
  child.kept = taken;
  return new Promise((resolve) => {
    const unwatch = child.onStop(resolve);
    void taken.then(() => {
      unwatch();
      resolve();
    });
  });
}

function pushOn(next: Stage, execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
  return next.push(execution, item, trace);
}
