/** Whether a value survives the way through JSON as it is: texts, finite numbers, booleans, null, lists and plain objects. */
export function isPlainData(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((element) => isPlainData(element, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    (prototype === null || prototype === Object.prototype) &&
    Reflect.ownKeys(value).every(
      (key) => typeof key === 'string' && isPlainData(Reflect.get(value, key), depth + 1),
    )
  );
}

/** Deeper data, and data in cycles, are taken for something else. */
const MAX_DEPTH = 100;
