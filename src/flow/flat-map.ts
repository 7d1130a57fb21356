import type { PipelineContext } from '../context/pipeline-context.js';
import { checkArgument, rule } from '../errors/option-rules.js';
import { FlowOperator } from '../nodes/flow-operator.js';
import type { StreamOperator } from '../nodes/stream-operator.js';
import { SpreadCore } from './spread.js';

/** What {@link flatMap} makes items of: each element is one; a text is one item as a whole. */
export type Spread<T> = Iterable<T> | AsyncIterable<T>;

/**
 * Gives all elements of what a function makes of each item, in order.
 *
 * The next item waits until all of them have been taken. An empty iterable leaves the item out, as `filtered`. Where the
 * node's policy can decide anything but `fail`, the elements wait until all are there, so that no item is half out.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, for what is no function.
 *
 * @example
 * {@includeCode ../../examples/api/flat-map.ts}
 */
export function flatMap<A, B>(
  map: (item: A, context: PipelineContext) => Spread<B> | Promise<Spread<B>>,
): StreamOperator<A, B> {
  checkArgument('flatMap', map, rule.callable);
  return new FlowOperator<A, B, unknown>(
    'flatMap',
    {},
    (port, context) =>
      new SpreadCore(port, (item) => map(item as A, context), 'the function of flatMap', true),
    { takesFallback: true },
  );
}
