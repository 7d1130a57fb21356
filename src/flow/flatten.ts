import { isArray, readProperty } from '../data/foreign-value.js';
import { FlowOperator } from '../nodes/flow-operator.js';
import type { ShapedOperator } from '../nodes/stream-operator.js';
import type { Window } from '../nodes/window.js';
import { SpreadCore } from './spread.js';

/**
 * Gives all elements of each item, in order: of lists and other iterables, of what `batch` and `window` gave.
 *
 * An item without elements is counted as `filtered`; one that cannot be iterated, or is a text, fails.
 *
 * @example
 * {@includeCode ../../examples/api/flatten.ts}
 */
export function flatten<T>(): ShapedOperator<
  Iterable<T> | AsyncIterable<T> | Window<T, unknown, unknown>,
  T,
  'flat'
> {
  return new FlowOperator<Iterable<T> | AsyncIterable<T> | Window<T, unknown, unknown>, T, 'flat'>(
    'flatten',
    {},
    (port) => new SpreadCore(port, elementsOf, 'an item of flatten', false),
  );
}

/** The elements of an item; of a window those that it holds. */
function elementsOf(item: unknown): unknown {
  const items = isArray(item) ? undefined : readProperty(item, 'items');
  return isArray(items) ? items : item;
}
