import { types } from 'node:util';
import { ItemRefusal } from '../errors/item-refusal.js';

/** What items can be told apart by. */
export type FlowKey = string | number | bigint | boolean | Date | null | undefined;

/** A key as a Map finds it: dates by their time, all others by themselves. */
export type FoundKey = string | number | bigint | boolean | null | undefined;

/** Begins what stands for a date; a text that begins with it gets one more. */
const MARK = '\u0000';

/**
 * A key as a Map finds it.
 *
 * @param callback what gave the key, for the message: `'by' of distinct`.
 * @throws {@link ItemRefusal} `FLOW_KEY_INVALID` for what is no key, an invalid date included.
 */
export function foundBy(key: unknown, callback: string): FoundKey {
  switch (typeof key) {
    case 'string':
      return key.startsWith(MARK) ? MARK + key : key;
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'undefined':
      return key;
    default:
  }
  if (key === null) return key;
  const timeMs = types.isDate(key) ? Date.prototype.getTime.call(key) : NaN;
  if (!Number.isNaN(timeMs)) return MARK + String(timeMs);
  throw new ItemRefusal('FLOW_KEY_INVALID', {
    problem: `What ${callback} gave is no key: ${types.isDate(key) ? 'an invalid Date' : `a value of type ${typeof key}`}.`,
    remedy: 'Let it give a text, a number, a bigint, a boolean, a valid Date, null or undefined.',
  });
}

/** Whether a Map takes two keys for the same. */
export function isSameKey(one: FoundKey, other: FoundKey): boolean {
  return one === other || (Number.isNaN(one) && Number.isNaN(other));
}
