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
import type { Execution } from '../execution/execution.js';
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

/** Runs a child for its one item, from its first node to its last disposer. */
export type ChildRun = (child: ChildExecution, item: unknown, trace: ItemTrace | undefined) => Work;

/** A pipeline, compiled once and run many times: stages linked to each other, without any state of a run. */
export interface Plan {
  readonly blueprint: Blueprint;
  readonly nodes: readonly NodeStage[];
  /** Where a sub-pipeline's items come in. */
  readonly input: InputStage | undefined;
  readonly sources: readonly SourceStage[];
  readonly constructed: readonly ConstructedStage[];
  /** Runs it as a composite's child. */
  readonly asChild: WrittenOut<ChildRun>;
  readonly sinks: readonly SinkStage[];
  /** Those of the sinks that write to a stream. */
  readonly writables: readonly WritableSinkStage[];
  /** The plans of its composites' children. */
  readonly children: readonly RecentPlans<ChildPlan>[];
  /** What the states of an execution start with: the code that executions share stands in its place. */
  readonly states: readonly unknown[];
  /** Whether anything in it goes on side by side, so that one part can fail while another waits. */
  readonly isConcurrent: boolean;
  /** Whether any stage must be told that the items have ended. */
  readonly needsEnd: boolean;
}

/** The plan of a composite's child, and the context that fits it. */
export interface ChildPlan {
  readonly plan: Plan;
  /** Where the contexts of its executions stand, and the keys that reach them. */
  readonly site: ChildSite;
  /** The keys that must be there: the child's own, and those that its composites take as required. */
  readonly requires: EntryNames;
  /** The child's name, where it was described too late for the pipelines above to know its needs. */
  readonly late: string | undefined;
}
