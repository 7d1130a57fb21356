import type { BulkheadOptions } from '../resilience/bulkhead.js';
import type { CircuitBreaker } from '../resilience/circuit-breaker.js';
import type { ErrorPolicy } from '../resilience/error-policy.js';
import type { FinalDecision } from '../resilience/error-rule.js';

/** How long a node that the runner constructs lives. */
export type NodeLifetime = 'execution' | 'run';

/** Options of a node that the runner opens or constructs. */
export interface BasicNodeOptions {
  /** The node's id; unique in its pipeline, without `/` and `::`. Default: the class name, or kind and number. */
  readonly name?: string | undefined;
  /** For a class: a fresh instance per execution, the default, or one for the whole run. */
  readonly lifetime?: NodeLifetime | undefined;
}

/** Options of a source. */
export interface SourceOptions extends BasicNodeOptions {
  /**
   * How long the source may keep the run waiting for an item, the first included, in milliseconds; default: no limit.
   *
   * At its end the source fails its execution with `NODE_TIMEOUT`. The time that others take with an item does not count.
   */
  readonly idleTimeoutMs?: number | undefined;
}

/** What is decided about the items of a node or composite. */
export interface ItemOptions<out TFallback = never> {
  /** How many items are worked on at once. Default 1. */
  readonly concurrency?: number | undefined;
  /** Whether outputs keep the order of inputs with `concurrency` above 1. Default `true`. */
  readonly ordered?: boolean | undefined;
  /**
   * How many items are under way or held for the order, `concurrency` or more. Default 2 × `concurrency`.
   *
   * While the eldest item is still being worked on, later ones go on, and their results are held in memory. Nothing is
   * read ahead of a slow node behind. Only for a node that keeps the order: not beside `ordered: false`.
   */
  readonly readAhead?: number | undefined;
  /** What happens to an item that fails. Default: the pipeline's `errorPolicy`, else `fail`: the execution fails. */
  readonly errorPolicy?: ErrorPolicy<TFallback> | FinalDecision | undefined;
  /** The limit of one try of one item; at its end the item fails with `NODE_TIMEOUT`. Default: none. */
  readonly timeoutMs?: number | undefined;
  /** Leaves alone for a time what fails too often; asked before each try. Default: none. */
  readonly circuitBreaker?: CircuitBreaker | undefined;
  /** How many calls may be under way in all runs of a runner together. Default: as many as `concurrency` in each. */
  readonly bulkhead?: BulkheadOptions | undefined;
}

/** Options of a transform or a sink. */
export interface NodeOptions<out TFallback = never> extends BasicNodeOptions, ItemOptions<TFallback> {}
