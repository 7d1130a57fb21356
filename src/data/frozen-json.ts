/**
 * Gives plain data of JSON deeply frozen: as they are where they are so already, else as a copy.
 *
 * Unlike a frozen copy nothing is remembered of the data: many small records would make the garbage collector slow.
 */
export function frozenJson<T>(value: T): T {
  return copyOf(value) as T;
}

function isFrozenJson(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (!Object.isFrozen(value)) return false;
  // Of a frozen object without enumerable parts of its prototype this makes no list.
  for (const key in value) if (!isFrozenJson((value as Record<string, unknown>)[key])) return false;
  return true;
}

function copyOf(value: unknown): unknown {
  if (isFrozenJson(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(copyOf));
  const parts = Object.entries(value as object).map(([key, part]: [string, unknown]) => [key, copyOf(part)]);
  return Object.freeze(Object.fromEntries(parts));
}
