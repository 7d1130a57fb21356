import type { PipelineContext } from '../context/pipeline-context.js';
import { checkArgument, rule } from '../errors/option-rules.js';
import { ItemOperator } from '../nodes/item-operator.js';
import { SKIP } from '../nodes/skip.js';
import type { ShapedOperator } from '../nodes/stream-operator.js';
import { atOnce } from '../nodes/callbacks.js';

/**
 * Leaves items out, as `filtered`, until a predicate fails for one; that one and all behind it go on.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, for what is no function.
 *
 * @example
 * {@includeCode ../../examples/api/drop-while.ts}
 */
export function dropWhile<T>(
  predicate: (item: T, context: PipelineContext) => boolean,
): ShapedOperator<T, T, 'same'> {
  checkArgument('dropWhile', predicate, rule.callable);
  return new ItemOperator<T, T, 'same'>(
    'dropWhile',
    {},
    class {
      isOver = false;

      transform(item: unknown, context: PipelineContext): unknown {
        if (!this.isOver && atOnce(predicate(item as T, context), 'the predicate of dropWhile')) return SKIP;
        this.isOver = true;
        return item;
      }
    },
    { takesFallback: true },
  );
}
