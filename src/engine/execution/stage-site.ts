import type { NodeKind } from '../../nodes/node-kind.js';

/** The position of a node in its plan: id, path, and the indexes of its counts and states. */
export interface StageSite {
  readonly id: string;
  readonly kind: NodeKind;
  readonly path: string;
  /** What `setNodeMetadata` put on the node; observers are told of it. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The node's number in the counts of a run. */
  readonly index: number;
  /** Index in `Execution.states` of the node's view of the context. The node's own state is at the next index. */
  readonly slot: number;
}

/** Number of entries in `Execution.states` per node. */
export const SLOTS_PER_NODE = 2;
