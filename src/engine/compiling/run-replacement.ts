import type { Blueprint, BlueprintNode } from '../../builder/blueprint.js';
import type { NodeBinding } from '../../builder/node-binding.js';

/** A node that can be replaced, with its own code. */
export type ReplaceableNode = Pick<BlueprintNode, 'path' | 'kind' | 'isStream' | 'binding'>;

/** What stands in for parts of a pipeline under test; given to a runner beside its options. */
export interface RunReplacement {
  /** Gives the code that stands in for a node, undefined to keep its own; asked when a plan is compiled. */
  readonly node: (node: ReplaceableNode) => NodeBinding | undefined;
  /** Gives the definition that stands in for another one, undefined to keep it. */
  readonly definition: (source: object) => object | undefined;
  /** Hears of each pipeline that a plan is compiled of: the root, and each child of it. */
  readonly compiles?: (blueprint: Blueprint) => void;
}
