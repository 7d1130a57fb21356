import { atOnce, misanswered } from '../nodes/callbacks.js';

/**
 * What an item weighs.
 *
 * @param callback which one gave it, for the message: `'weight' of batch`.
 * @throws {@link ItemRefusal} `OPTION_INVALID` for what is no finite number of 0 or more.
 */
export function weightFrom(given: unknown, callback: string): number {
  const weight = atOnce(given, callback);
  if (typeof weight === 'number' && weight >= 0 && weight < Infinity) return weight;
  throw misanswered(callback, 'number of 0 or more');
}
