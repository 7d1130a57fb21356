import { wrongUse } from '../engine/node-replacement.js';

/**
 * Copies items that a test gives, so that it can run again.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, for what cannot be iterated at once; a text counts as a mistake.
 */
export function givenItems<T>(items: Iterable<T>, subject: string): readonly T[] {
  const given: unknown = items;
  if (typeof given === 'object' && given !== null && Symbol.iterator in given) return [...items];
  throw wrongUse(subject, 'an iterable of items, such as an array or a Set,');
}
