import type { PipelineContext } from '../context/pipeline-context.js';
import type { Delay, DelayOf } from './delay.js';
import type { ErrorMatcher } from './error-matcher.js';
import type { FallbackPipeline, PipelineOutput } from './fallback.js';

/** What ends a failed item's story. */
export type FinalDecision = 'fail' | 'skip' | 'deadLetter' | 'collect';

interface FallbackFunctions<out TFallback> {
  value(item: unknown, error: unknown, context: PipelineContext): TFallback | Promise<TFallback>;
}

/**
 * Gives what leaves in place of what a failed item would have become, or a promise of it; `SKIP` leaves the item out.
 *
 * It gets the item as the node got it, what the node threw, and the node's context. Annotate the item as you know it.
 */
// As a method: then a function of a narrower item fits too.
export type FallbackOf<TFallback = never> = FallbackFunctions<TFallback>['value'];

/** Gives a value in place of the failed item's. */
export interface FallbackRule<out TFallback = never> {
  /**
   * What gives the value: a function, or a sub-pipeline, which gets the item as the node got it.
   *
   * A sub-pipeline has the path `<node>/fallback`, and a child context of the default configuration. What the fallback
   * throws goes to the next rule that takes that error.
   */
  readonly fallback: FallbackOf<TFallback> | FallbackPipeline;
}

// As a method: then a function of a narrower error fits too.
interface RetryFunctions {
  before(error: unknown, attempt: number, context: PipelineContext): unknown;
}

/** Tries an item again. */
export interface RetryOptions<out TFallback = never> {
  /** All tries of the item, the first and those of other rules included; `Infinity` for as many as it takes. */
  readonly attempts: number;
  /** How long after the item's first failure a try may still begin, in milliseconds. Default: no limit. */
  readonly withinMs?: number | undefined;
  /** The wait before each retry, or a function that says it; it ends at once on a cancel. Default: none. */
  readonly delay?: Delay | DelayOf | undefined;
  /**
   * Called and awaited after the wait, before each retry: refreshes a token, say.
   *
   * It gets what the node threw, the number of the try that failed, and the node's context; annotate the error as the
   * rule's `on` chooses it. If it throws, no try follows: the rules behind are asked with that error.
   */
  readonly before?: RetryFunctions['before'] | undefined;
  /** What follows when all tries have failed. Default: the next rule that takes the error decides, else `fail`. */
  readonly exhausted?: FinalDecision | FallbackRule<TFallback> | undefined;
}

/** One rule: which errors, and what then. A rule without `on` takes every error. */
export interface ErrorRule<out TFallback = never> {
  /**
   * Which errors it takes. Default: every error; where it then always decides, it is the last rule.
   *
   * A node's policy is asked with what the node threw; a composite's also with the error around it.
   */
  readonly on?: ErrorMatcher | undefined;
  /** What ends the item; or `retry`, or `fallback`, behind which the next rules are asked once they have failed. */
  readonly then: FinalDecision | { readonly retry: RetryOptions<TFallback> } | FallbackRule<TFallback>;
}

/** The type of what the fallbacks of rules give. */
export type FallbackValue<TRule> = TRule extends { readonly then: infer TThen }
  ? | ValueOf<TThen>
    | (TThen extends { readonly retry: { readonly exhausted: infer TExhausted } }
        ? ValueOf<TExhausted>
        : never)
  : never;

// A function that gives `SKIP` has the type `symbol`: TypeScript widens it. No item is one.
type ValueOf<TThen> = TThen extends { readonly fallback: (...args: never[]) => infer TValue }
  ? Exclude<Awaited<TValue>, symbol>
  : TThen extends { readonly fallback: infer TPipeline }
    ? PipelineOutput<TPipeline>
    : never;
