import { types } from 'node:util';
import { ItemRefusal } from '../errors/item-refusal.js';
import { atOnce, misanswered } from './callbacks.js';

/** The time furthest from the epoch that a Date can hold. */
const FURTHEST_MS = 8.64e15;

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

/**
 * The time of an item, in milliseconds since the epoch.
 *
 * @param callback which one gave it, for the message: `'time' of window`.
 * @throws {@link ItemRefusal} `FLOW_TIME_INVALID` for what is no valid Date, and no number that a Date could hold.
 */
export function timeFrom(given: unknown, callback: string): number {
  const time = atOnce(given, callback);
  const ms = types.isDate(time) ? Date.prototype.getTime.call(time) : time;
  if (typeof ms === 'number' && Math.abs(ms) <= FURTHEST_MS) return ms;
  throw new ItemRefusal('FLOW_TIME_INVALID', {
    problem: `What ${callback} gave is no time: ${types.isDate(time) ? 'an invalid Date' : describe(time)}.`,
    remedy: 'Let it give a valid Date or milliseconds since the epoch, or give the node an errorPolicy.',
  });
}

function describe(time: unknown): string {
  return typeof time === 'number' ? String(time) : `a value of type ${typeof time}`;
}
