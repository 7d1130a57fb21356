import type { PipelineContext } from '../context/pipeline-context.js';
import { rule } from '../errors/option-rules.js';
import type { OptionRules } from '../errors/option-rules.js';

/** How a {@link BackgroundQueue} works. */
export interface BackgroundQueueOptions<in T> {
  /** Works on one item, with the context that was current when it was enqueued as the current one. */
  readonly worker: (item: T, context?: PipelineContext) => unknown;
  /** How many items are in work at once, at most. Default 1. */
  readonly concurrency?: number | undefined;
  /** How many items wait, at most, beside those in work. Default 1,000. */
  readonly capacity?: number | undefined;
  /** What `enqueue` does when `capacity` items wait: it rejects, or waits for room. Default `refuse`. */
  readonly whenFull?: 'refuse' | 'wait' | undefined;
  /**
   * Gets what the worker threw, in the item's own context; awaited before the next item is taken.
   *
   * It also gets the error of an item that `enqueue` refused while nobody awaited that. Without it, the logger of that
   * context gets the error; where there is no context or no logger, the process warns.
   */
  readonly onError?: ((error: unknown, item: T, context?: PipelineContext) => unknown) | undefined;
}

/** The rules of {@link BackgroundQueueOptions}. */
export const backgroundQueueRules: OptionRules = {
  worker: rule.callable,
  concurrency: rule.positiveInteger,
  capacity: rule.positiveInteger,
  whenFull: rule.oneOf('refuse', 'wait'),
  onError: rule.callable,
};
