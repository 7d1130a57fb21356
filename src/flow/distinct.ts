import type { PipelineContext } from '../context/pipeline-context.js';
import { checkOptions, rule } from '../errors/option-rules.js';
import { ItemOperator } from '../nodes/item-operator.js';
import { SKIP } from '../nodes/skip.js';
import type { ShapedOperator } from '../nodes/stream-operator.js';
import { atOnce } from '../nodes/callbacks.js';
import { foundBy } from '../nodes/flow-key.js';
import type { FlowKey } from '../nodes/flow-key.js';

/** Options of {@link distinct}. */
export interface DistinctOptions<in T> {
  /** The key of an item. Default: the item itself; objects are the same only if they are one object. */
  readonly by?: ((item: T, context: PipelineContext) => FlowKey) | undefined;
  /** How many keys are remembered. Beyond it the one that was not seen for longest is forgotten. Default: 100,000. */
  readonly capacity?: number | undefined;
  /** For how many milliseconds, since an item of a key went on, others of that key are left out. Default: for ever. */
  readonly withinMs?: number | undefined;
}

/**
 * Lets the first item of each key pass; the others are counted as `filtered`.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`.
 *
 * @example
 * {@includeCode ../../examples/api/distinct.ts}
 */
export function distinct<T = unknown>(options: DistinctOptions<T> = {}): ShapedOperator<T, T, 'same'> {
  checkOptions('distinct', options, {
    by: rule.callable,
    capacity: rule.capacity,
    withinMs: rule.positiveMilliseconds,
  });
  const { by, capacity = 100_000, withinMs } = options;
  const keyOf =
    by === undefined
      ? (item: unknown): unknown => item
      : (item: unknown, context: PipelineContext): unknown =>
          foundBy(atOnce(by(item as T, context), "'by' of distinct"), "'by' of distinct");
  return new ItemOperator<T, T, 'same'>(
    'distinct',
    { capacity, ...(by && { by: 'per item' }), ...(withinMs !== undefined && { withinMs }) },
    class {
      /** When an item of each key went on; the key that was not seen for longest comes first. */
      readonly seen = new Map<unknown, number>();

      transform(item: unknown, context: PipelineContext): unknown {
        const { seen } = this;
        const key = keyOf(item, context);
        const passedMs = seen.get(key);
        if (passedMs !== undefined) {
          // Set anew, so that it is the latest.
          seen.delete(key);
          if (withinMs === undefined) {
            seen.set(key, passedMs);
            return SKIP;
          }
        }
        const nowMs = withinMs === undefined ? 0 : context.run.clock.now();
        if (passedMs !== undefined && nowMs - passedMs < (withinMs ?? 0)) {
          seen.set(key, passedMs);
          return SKIP;
        }
        seen.set(key, nowMs);
        if (seen.size > capacity) this.forget();
        return item;
      }

      forget(): void {
        for (const eldest of this.seen.keys()) {
          this.seen.delete(eldest);
          return;
        }
      }
    },
    { takesFallback: true },
  );
}
