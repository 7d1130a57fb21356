import { checkArgument } from '../errors/option-rules.js';
import { ItemOperator } from '../nodes/item-operator.js';
import { SKIP } from '../nodes/skip.js';
import type { ShapedOperator } from '../nodes/stream-operator.js';
import { wholeNumber } from './numbers.js';

/**
 * Lets the first so many items pass, then ends the stream: what follows ends at once, and the source is closed, unless
 * others still read it.
 *
 * @param count how many; 0 lets none pass.
 * @throws `OPTION_INVALID`, a `PipelineError`, for what is no whole number of 0 or more.
 *
 * @example
 * {@includeCode ../../examples/api/take.ts}
 */
export function take<T = unknown>(count: number): ShapedOperator<T, T, 'same'> {
  checkArgument('take', count, wholeNumber);
  return new ItemOperator<T, T, 'same'>(
    'take',
    { count },
    class {
      left = count;

      get isEnough(): boolean {
        return this.left === 0;
      }

      transform(item: unknown): unknown {
        if (this.left === 0) return SKIP;
        this.left -= 1;
        return item;
      }
    },
    { endsStream: true },
  );
}
