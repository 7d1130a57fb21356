import type { PipelineContext } from '../context/pipeline-context.js';
import { checkArgument, rule } from '../errors/option-rules.js';
import { ItemOperator } from '../nodes/item-operator.js';
import { SKIP } from '../nodes/skip.js';
import type { ShapedOperator, StreamOperator } from '../nodes/stream-operator.js';
import { atOnce } from '../nodes/callbacks.js';

/**
 * Keeps the items for which a predicate holds; the others are counted as `filtered`.
 *
 * A type guard narrows the type of what goes on.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, for what is no function.
 *
 * @example
 * {@includeCode ../../examples/api/filter.ts}
 */
export function filter<A, B extends A>(
  guard: (item: A, context: PipelineContext) => item is B,
): StreamOperator<A, B>;
export function filter<A>(
  predicate: (item: A, context: PipelineContext) => boolean,
): ShapedOperator<A, A, 'same'>;
export function filter<A>(
  predicate: (item: A, context: PipelineContext) => boolean,
): ShapedOperator<A, A, 'same'> {
  checkArgument('filter', predicate, rule.callable);
  return new ItemOperator<A, A, 'same'>(
    'filter',
    {},
    {
      transform: (item, context) =>
        atOnce(predicate(item as A, context), 'the predicate of filter') ? item : SKIP,
    },
    { takesFallback: true },
  );
}
