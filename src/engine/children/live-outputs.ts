import type { PipelineError } from '../../errors/pipeline-error.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import { SKIP } from '../../nodes/skip.js';
import { enterExecution } from '../execution/active-scopes.js';
import type { ChildExecution } from '../plan/plan.js';
import type { Execution } from '../execution/execution.js';
import type { ItemMapping } from './item-mapping.js';
import type { NodeStage, Stage } from '../stages/stage.js';
import type { Work } from '../execution/work.js';

/** Pushes the outputs of a composite's children into the next stage while the children still run. */
export class LiveOutputs {
  constructor(
    /** The stage of the composite. */
    private readonly stage: NodeStage,
    /** Changes outputs through `combine`; undefined if outputs leave unchanged. */
    private readonly combining: ItemMapping | undefined,
    /** True if each child has a `timeoutMs`. */
    private readonly isLimited: boolean,
    /** True if each child has a cancel scope of its own, so that it can end without its parent. */
    private readonly isScope: boolean,
  ) {}

  /**
   * Pushes an output when it is its item's turn.
   *
   * The child's time limit stands still while later stages have the output.
   */
  send(child: ChildExecution, item: unknown, branch: ItemTrace | undefined): Work {
    if (child.isHalted) return undefined;
    const turn = child.link?.turn;
    const emit = (): Work => this.#emit(child, item, branch);
    const sent = turn === undefined ? emit() : turn.send(child, emit);
    if (sent === undefined) return undefined;
    const taken = this.isLimited ? sent.then(child.frame.scope.holdLimit()) : sent;
    return this.isScope || child.plan.isConcurrent ? untilStopped(child, taken) : taken;
  }

  /** The work of later stages on the last output of a child that has stopped; undefined if there is none. */
  leftBy(child: ChildExecution): Work {
    return child.isHalted ? (child.kept as Work) : undefined;
  }

  /** Pushes an output into the next stage, in the parent's context. */
  #emit(child: ChildExecution, output: unknown, branch: ItemTrace | undefined): Work {
    if (child.isDetached) return undefined;
    const { parent, link } = child;
    let item = output;
    if (this.combining !== undefined) {
      item = enterExecution(parent, () => this.#combined(child, output));
      if (item === SKIP) {
        child.count -= 1;
        return undefined;
      }
    }
    this.stage.counter(parent).emitted += 1;
    const trace = link?.follow(this.stage.site, parent.frame, item, branch);
    return enterExecution(parent, pushOn, this.stage.next, parent, item, trace);
  }

  /** Calls `combine` for one output; if that throws, fails the child and returns `SKIP`. */
  #combined(child: ChildExecution, output: unknown): unknown {
    const { parent, link } = child;
    // Outputs of a child that has failed are dropped, without calling `combine`.
    if (child.isHalted) return SKIP;
    try {
      return this.combining?.combined(parent, link?.item, output, this.stage.view(parent));
    } catch (error) {
      child.fail(error as PipelineError, this.stage.site, false, parent.frame);
      return SKIP;
    }
  }
}

/**
 * Waits until later stages are done with a child's output, or until the child stops.
 *
 * A child that stops does not wait: the output may wait long for a turn further out. Its composite waits in its place.
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
