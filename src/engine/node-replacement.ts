import type { BlueprintNode, DefinitionSource } from '../builder/blueprint.js';
import type { NodeBinding } from '../builder/node-binding.js';

/** Gives the code that stands in for a node, undefined to keep its own; asked when a plan is compiled. */
export type NodeReplacement = (node: BlueprintNode) => NodeBinding | undefined;

/** What stands in for parts of a pipeline under test; given to a runner beside its options. */
export interface RunReplacement {
  readonly node: NodeReplacement;
  /** Gives the definition that stands in for another one, undefined to keep it. */
  readonly definition: (source: DefinitionSource) => object | undefined;
}
