import type { PipelineContext } from '../context/pipeline-context.js';
import { checkArgument, checkOptions, rule } from '../errors/option-rules.js';
import { ItemOperator } from '../nodes/item-operator.js';
import { SKIP } from '../nodes/skip.js';
import type { ShapedOperator } from '../nodes/stream-operator.js';
import { atOnce } from '../nodes/callbacks.js';

/** Options of {@link takeWhile}. */
export interface TakeWhileOptions {
  /** Whether the item that ends the stream goes on, too. Default: false. */
  readonly inclusive?: boolean | undefined;
}

/**
 * Lets items pass until a predicate fails for one, then ends the stream, as {@link take} does.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`.
 *
 * @example
 * {@includeCode ../../examples/api/take-while.ts}
 */
export function takeWhile<T>(
  predicate: (item: T, context: PipelineContext) => boolean,
  options: TakeWhileOptions = {},
): ShapedOperator<T, T, 'same'> {
  checkArgument('takeWhile', predicate, rule.callable);
  checkOptions('takeWhile', options, { inclusive: rule.boolean });
  const { inclusive = false } = options;
  return new ItemOperator<T, T, 'same'>(
    'takeWhile',
    { inclusive },
    class {
      isEnough = false;

      transform(item: unknown, context: PipelineContext): unknown {
        if (this.isEnough) return SKIP;
        if (atOnce(predicate(item as T, context), 'the predicate of takeWhile')) return item;
        this.isEnough = true;
        return inclusive ? item : SKIP;
      }
    },
    { endsStream: true, takesFallback: true },
  );
}
