import { checkArgument } from '../errors/option-rules.js';
import { ItemOperator } from '../nodes/item-operator.js';
import { SKIP } from '../nodes/skip.js';
import type { ShapedOperator } from '../nodes/stream-operator.js';
import { wholeNumber } from './numbers.js';

/**
 * Leaves the first so many items out, which are counted as `filtered`.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, for what is no whole number of 0 or more.
 *
 * @example
 * {@includeCode ../../examples/api/drop.ts}
 */
export function drop<T = unknown>(count: number): ShapedOperator<T, T, 'same'> {
  checkArgument('drop', count, wholeNumber);
  return new ItemOperator<T, T, 'same'>(
    'drop',
    { count },
    class {
      left = count;

      transform(item: unknown): unknown {
        if (this.left === 0) return item;
        this.left -= 1;
        return SKIP;
      }
    },
  );
}
