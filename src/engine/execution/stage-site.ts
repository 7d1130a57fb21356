import type { NodeKind } from '../../nodes/node-kind.js';

/** Where a node stands in its plan. */
export interface StageSite {
  readonly id: string;
  readonly kind: NodeKind;
  readonly path: string;
  /** The node's number in the counts of a run. */
  readonly index: number;
  /** Where an execution keeps the node's view of the context, and after it the node's own state. */
  readonly slot: number;
}

/** How many places of an execution's states a node has. */
export const SLOTS_PER_NODE = 2;
