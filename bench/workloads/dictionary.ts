/** A dictionary with some keys: `key-0`, `key-1` and so on. */
export function dictionaryOf(keys: number): ReadonlyMap<string, number> {
  return new Map(Array.from({ length: keys }, (_, index) => [`key-${index}`, index]));
}
