import { types } from 'node:util';
import { ignoreRejection, isThenable } from '../data/foreign-value.js';
import { ItemRefusal } from '../errors/item-refusal.js';

/** The time furthest from the epoch that a Date can hold. */
const FURTHEST_MS = 8.64e15;

/**
 * The time of an item, in milliseconds since the epoch.
 *
 * @param callback which one gave it, for the message: `'time' of window`.
 * @throws {@link ItemRefusal} `FLOW_TIME_INVALID` for what is no valid Date, and no number that a Date could hold.
 */
export function timeFrom(given: unknown, callback: string): number {
  const ms = types.isDate(given) ? Date.prototype.getTime.call(given) : given;
  if (typeof ms === 'number' && Math.abs(ms) <= FURTHEST_MS) return ms;
  if (isThenable(given)) ignoreRejection(given);
  throw new ItemRefusal('FLOW_TIME_INVALID', {
    problem: `What ${callback} gave is no time: ${types.isDate(given) ? 'an invalid Date' : describe(given)}.`,
    remedy: 'Let it give a valid Date or milliseconds since the epoch, or give the node an errorPolicy.',
  });
}

function describe(time: unknown): string {
  return typeof time === 'number' ? String(time) : `a value of type ${typeof time}`;
}
