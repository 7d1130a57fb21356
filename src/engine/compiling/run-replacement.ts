import type { Blueprint, BlueprintNode } from '../../builder/blueprint.js';
import type { NodeBinding } from '../../builder/node-binding.js';

/** A node that may be replaced, with the binding to its own code. */
export type ReplaceableNode = Pick<BlueprintNode, 'path' | 'kind' | 'isStream' | 'binding'>;

/** Replacements for parts of a pipeline, under test or in a replay. */
export interface RunReplacement {
  /** Returns the code to use for a node, undefined to keep its own; called when a plan is compiled. */
  readonly node: (node: ReplaceableNode) => NodeBinding | undefined;
  /** Returns the definition to use for another one, undefined to keep it. */
  readonly definition: (source: object) => object | undefined;
  /** Returns the blueprint to compile in place of a pipeline; called for the root and for each child. */
  readonly blueprint?: (blueprint: Blueprint) => Blueprint;
  /** Called with each pipeline that is compiled: the root, and each child. */
  readonly compiles?: (blueprint: Blueprint) => void;
}
