import { checkOptions, rule } from '../errors/option-rules.js';
import type { Rank } from '../nodes/rank.js';
import type { ErrorPolicy } from '../resilience/error-policy.js';
import type { FinalDecision } from '../resilience/error-rule.js';

/**
 * The order of a merge of inputs that are sorted themselves; made by {@link sorted}.
 *
 * @example
 * {@includeCode ../../examples/api/sorted.ts}
 */
export class SortedOrder<in T> {
  declare private readonly item: (item: T) => void;

  /** @internal */
  constructor(
    /** Gives the key of an item. */
    readonly by: (item: never) => Rank,
  ) {}
}

/**
 * Merges inputs that are sorted by a key into one that is; inputs that are not sorted give a stream that is not.
 *
 * Keys are numbers, bigints, texts, which are compared by code units, or dates.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`.
 *
 * @example
 * {@includeCode ../../examples/api/sorted.ts}
 */
export function sorted<T>(options: {
  /** The key of an item. */
  readonly by: (item: T) => Rank;
}): SortedOrder<T> {
  checkOptions('sorted', options, { by: rule.callable });
  return new SortedOrder<T>(options.by);
}

/** In which order the items of several inputs leave. */
export type MergeOrder = 'arrival' | 'concat' | 'zip' | SortedOrder<never>;

/** Options of a merge, beside its inputs and order. */
export interface MergeOptions {
  /** The node's id; unique in its pipeline. Default: kind and number. */
  readonly name?: string | undefined;
  /**
   * How many items of one input wait for another where both come from one node; elsewhere an input waits with one item.
   * Default: 100,000. Not for `arrival`.
   */
  readonly capacity?: number | undefined;
  /** What happens to items that fail: where `by` throws, or `capacity` is exceeded. */
  readonly errorPolicy?: ErrorPolicy | FinalDecision | undefined;
}
