import { types } from 'node:util';
import { ignoreRejection, isThenable } from '../data/foreign-value.js';
import { ItemRefusal } from '../errors/item-refusal.js';

/**
 * The time that a callback gave for an item, in milliseconds since the epoch.
 *
 * @throws {@link ItemRefusal} `FLOW_TIME_INVALID` for what is no time.
 */
export function timeFrom(given: unknown, callback: string): number {
  const timeMs = types.isDate(given) ? Date.prototype.getTime.call(given) : given;
  if (typeof timeMs === 'number' && Number.isFinite(timeMs)) return timeMs;
  if (isThenable(given)) ignoreRejection(given);
  throw new ItemRefusal('FLOW_TIME_INVALID', {
    problem: `What ${callback} gave is no time: ${types.isDate(given) ? 'an invalid Date' : typeof given === 'number' ? String(given) : `a value of type ${typeof given}`}.`,
    remedy: 'Let it give a valid Date, or milliseconds since the epoch.',
  });
}
