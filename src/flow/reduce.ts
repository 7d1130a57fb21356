import type { PipelineContext } from '../context/pipeline-context.js';
import { checkArgument, rule } from '../errors/option-rules.js';
import { FlowOperator, TakenItems } from '../nodes/flow-operator.js';
import type { StreamOperator } from '../nodes/stream-operator.js';
import { atOnce } from '../nodes/callbacks.js';
import { seedOf } from './seed.js';
import type { Seed } from './seed.js';

/**
 * Gives one value at the end of the stream: what a step has made of all items, one after the other.
 *
 * The seed is the value before the first item, and what comes of no items. Plain data is copied and frozen; for a value
 * that changes in place, give a function that makes one.
 * @throws `OPTION_INVALID`, a `PipelineError`.
 *
 * @example
 * {@includeCode ../../examples/api/reduce.ts}
 */
export function reduce<V, T>(
  step: (value: V, item: T, context: PipelineContext) => NoInfer<V>,
  seed: Seed<V>,
): StreamOperator<T, V>;
export function reduce<V, T>(
  step: (value: V, item: T, context: PipelineContext) => V,
  seed: Seed<NoInfer<V>>,
): StreamOperator<T, V>;
export function reduce<V, T>(
  ...args: readonly [step: (value: V, item: T, context: PipelineContext) => V, seed: Seed<V>]
): StreamOperator<T, V> {
  const [step] = args;
  checkArgument('reduce', step, rule.callable);
  const seed = seedOf<V>('reduce', args);
  return new FlowOperator<T, V, unknown>('reduce', {}, (port, context) => {
    const taken = new TakenItems();
    let value = seed();
    return {
      push(item, origin) {
        value = atOnce(step(value, item as T, context), 'the step of reduce');
        taken.add(origin);
      },
      end: () => port.make(value, taken.take()),
    };
  });
}
