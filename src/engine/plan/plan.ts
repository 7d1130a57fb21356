import type { Blueprint } from '../../builder/blueprint.js';
import type { EntryNames } from '../../context/base-layers.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { ChildSite } from '../../context/context-frame.js';
import type { RecentPlans } from './recent-plans.js';
import type { InputStage } from '../passing/input-stage.js';
import type { SinkStage } from '../stages/sink-stage.js';
import type { SourceStage } from '../passing/source-stage.js';
import type { NodeStage } from '../stages/stage.js';
import type { NodeCode } from '../stages/node-code.js';
import type { ExecutedPlan, Execution } from '../execution/execution.js';
import type { Work } from '../execution/work.js';
import type { WritableSinkStage } from '../streams/writable-sink-stage.js';
import type { WrittenOut } from '../passing/written-out.js';

/** A stage whose code is a class, constructed for each execution or once per run. */
export interface ConstructedStage {
  readonly stage: NodeStage;
  readonly code: NodeCode;
}

/** One execution of a composite's sub-pipeline: one try of one item of the parent. */
export type ChildExecution = Execution<Plan> & { readonly parent: Execution };

/** Runs a child for its item, from constructing its nodes to calling its disposers. */
export type ChildRun = (child: ChildExecution, item: unknown, trace: ItemTrace | undefined) => Work;

/** A compiled pipeline, run many times: stages linked to each other, without any state of a run. */
export interface Plan extends ExecutedPlan {
  readonly blueprint: Blueprint;
  readonly nodes: readonly NodeStage[];
  /** The sub-pipelines that stand in for failed items of its nodes. */
  readonly fallbacks: readonly NodeStage[];
  /** The input of a sub-pipeline; undefined for a pipeline without one. */
  readonly input: InputStage | undefined;
  readonly sources: readonly SourceStage[];
  readonly constructed: readonly ConstructedStage[];
  /** Runs the plan as a composite's child. */
  readonly asChild: WrittenOut<ChildRun>;
  readonly sinks: readonly SinkStage[];
  /** The other nodes: they end with the items, a sink when it is flushed. */
  readonly unflushed: readonly NodeStage[];
  /** The sinks that write to a Node or web stream. */
  readonly writables: readonly WritableSinkStage[];
  /** The plans of the children, one list per composite. */
  readonly children: readonly RecentPlans<ChildPlan>[];
  /** True if parts of the pipeline run concurrently, so that one part can fail while another waits. */
  readonly isConcurrent: boolean;
  /** True if a stage must be told, through `end`, that the items have ended. */
  readonly needsEnd: boolean;
}

/** The plan of a composite's child, with the settings of its context. */
export interface ChildPlan {
  readonly plan: Plan;
  /** Path and inheritance of the child's contexts. */
  readonly site: ChildSite;
  /** Required keys: those that the child declares, and those that its composites take as `'required'`. */
  readonly requires: EntryNames;
  /** The child's name, if it was defined only at its first item, too late for the checks before the run. */
  readonly late: string | undefined;
}
