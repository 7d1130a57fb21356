/**
 * Returned by a transform: the item is filtered out.
 *
 * @example
 * {@includeCode ../../examples/api/skip.ts}
 */
export const SKIP: unique symbol = Symbol.for('heirline.skip');

/** The type of {@link SKIP}. */
export type Skip = typeof SKIP;
