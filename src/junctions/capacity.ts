import { ItemRefusal } from '../errors/item-refusal.js';

/** How many items of one input are kept while they wait for another one. */
export const defaultCapacity = 100_000;

/** The refusal of an item for which there is no more room. */
export function capacityExceeded(node: string, capacity: number, why: string): ItemRefusal {
  return new ItemRefusal('FLOW_CAPACITY_EXCEEDED', {
    problem: `The ${node} holds ${String(capacity)} items (capacity) ${why}.`,
    remedy: "Raise 'capacity', or bring the inputs closer together.",
  });
}
