import { ignoreRejection, isThenable } from '../data/foreign-value.js';
import { ItemRefusal } from '../errors/item-refusal.js';

/**
 * The answer of a callback that must answer at once; a promise fails the item.
 *
 * @param callback which one, for the message: `the predicate of filter`.
 */
export function atOnce<T>(answer: T, callback: string): T {
  if (!isThenable(answer)) return answer;
  ignoreRejection(answer);
  throw new ItemRefusal('OPTION_INVALID', {
    problem: `It was promised what ${callback} answers, which must come at once.`,
    remedy: 'Do what takes time in a transform before this node, and let the callback read the result.',
  });
}

/** What a callback has given that it must not. */
export function misanswered(callback: string, expected: string): ItemRefusal {
  return new ItemRefusal('OPTION_INVALID', {
    problem: `What ${callback} gave is no ${expected}.`,
    remedy: `Let it give ${expected}, or give the node an errorPolicy.`,
  });
}
