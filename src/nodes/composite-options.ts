import type { ChildContextOptions } from '../context/child-context-options.js';
import type { ChildValues } from '../context/child-inheritance.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import type { ErrorPolicy } from '../resilience/error-policy.js';
import type { BudgetLimits } from '../run/spending/budget-limits.js';
import type { ItemOptions } from './node-options.js';
import type { Skip } from './skip.js';

/** Every {@link OutputCardinality}, written down here only. */
export const outputCardinalities = ['one', 'optional', 'many', 'first', 'last'] as const;

/** How many outputs the child of one item gives. */
export type OutputCardinality = (typeof outputCardinalities)[number];

/**
 * Makes what the child gets of the composite's own item; it answers at once, and cannot leave the item out.
 *
 * A promise or `SKIP` fails the item with `OPTION_INVALID`; what is thrown fails it with `NODE_FAILED`.
 */
export type ChildInputOf<in TItem, out TChildItem> = (item: TItem, parent: PipelineContext) => TChildItem;

/**
 * Makes what leaves the composite of its own item and an output of the child; it answers at once.
 *
 * Called once per output, in the context of the parent. `SKIP` leaves that output out, and the item is filtered where
 * none is left. A promise fails the item with `OPTION_INVALID`; what is thrown fails it with `NODE_FAILED`.
 */
export type CombinedOutputOf<in TItem, in TOutput, out TResult> = (
  item: TItem,
  output: TOutput,
  parent: PipelineContext,
) => TResult | Skip;

/** Options of a composite that runs its sub-pipeline once per item. */
export interface ItemCompositeOptions<in TItem, out TFallback = never>
  extends ItemOptions<TFallback>, ChildContextOptions<TItem> {
  /** The node's id. Default: the class name of the definition. */
  readonly name?: string | undefined;
  /** Default `item`: each item has an execution and a context of its own. */
  readonly granularity?: 'item' | undefined;
  /** How many outputs one child gives, checked. Default `one`. */
  readonly output?: OutputCardinality | undefined;
  /** What each child may spend; one that would spend more fails its item with `BUDGET_EXCEEDED`. Default: no limit. */
  readonly budget?: BudgetLimits | undefined;
  /** Makes each child a scope that `context.cancel` in it ends alone. Default `false`; `timeoutMs` and `budget` make one too. */
  readonly cancellable?: boolean | undefined;
}

/** Options of a composite that runs its sub-pipeline once over the whole stream. */
export interface StreamCompositeOptions extends Omit<ChildContextOptions<never>, 'with'> {
  /** The node's id. Default: the class name of the definition. */
  readonly name?: string | undefined;
  /** Asks for one child that gets all items in one context, instead of one per item. */
  readonly granularity: 'stream';
  /** There is no single item to decide about: what fails in the child fails the parent. */
  readonly errorPolicy?: ErrorPolicy | 'fail' | undefined;
  /** What the child may spend; one that would spend more fails with `BUDGET_EXCEEDED`. Default: no limit. */
  readonly budget?: BudgetLimits | undefined;
  /** Explicit values for the child. */
  readonly with?: ChildValues | undefined;
}
