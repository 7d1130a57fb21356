import type { PipelineContext } from '../context/pipeline-context.js';
import { checkArgument, rule } from '../errors/option-rules.js';
import { ItemOperator } from '../nodes/item-operator.js';
import type { StreamOperator } from '../nodes/stream-operator.js';
import { atOnce } from '../nodes/callbacks.js';
import { seedOf } from './seed.js';
import type { Seed } from './seed.js';

/**
 * Gives a running value: what a step has made of the value before and the item, for each item.
 *
 * The seed is the value before the first item, which is not given itself. Plain data is copied and frozen; for a value
 * that changes in place, give a function that makes one.
 * @throws `OPTION_INVALID`, a `PipelineError`.
 *
 * @example
 * {@includeCode ../../examples/api/scan.ts}
 */
export function scan<V, T>(
  step: (value: V, item: T, context: PipelineContext) => NoInfer<V>,
  seed: Seed<V>,
): StreamOperator<T, V>;
export function scan<V, T>(
  step: (value: V, item: T, context: PipelineContext) => V,
  seed: Seed<NoInfer<V>>,
): StreamOperator<T, V>;
export function scan<V, T>(
  ...args: readonly [step: (value: V, item: T, context: PipelineContext) => V, seed: Seed<V>]
): StreamOperator<T, V> {
  const [step] = args;
  checkArgument('scan', step, rule.callable);
  const seed = seedOf<V>('scan', args);
  return new ItemOperator<T, V, unknown>(
    'scan',
    {},
    class {
      value = seed();

      transform(item: unknown, context: PipelineContext): unknown {
        return (this.value = atOnce(step(this.value, item as T, context), 'the step of scan'));
      }
    },
  );
}
