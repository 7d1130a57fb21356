import { ItemRefusal } from '../errors/item-refusal.js';

/** How many keys are kept at most where nothing else is said. */
export const DEFAULT_MAX_KEYS = 100_000;

/** The refusal of an item whose key is one too many. */
export function tooManyKeys(kind: string, maxKeys: number): ItemRefusal {
  return new ItemRefusal('FLOW_CAPACITY_EXCEEDED', {
    problem: `The item has a new key, and ${kind} keeps ${String(maxKeys)} keys already, its maxKeys.`,
    remedy: "Raise 'maxKeys', let 'key' tell fewer items apart, or give the node an errorPolicy.",
  });
}
