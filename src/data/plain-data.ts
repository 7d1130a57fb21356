import { containerKind } from './foreign-value.js';

/**
 * Whether a value survives the way through JSON as it is: texts, finite numbers, booleans, null, lists and plain
 * objects of any realm. Never throws: what cannot be read does not survive.
 */
export function isPlainData(value: unknown): boolean {
  try {
    return isPlain(value, 0, new Map());
  } catch {
    return false;
  }
}

/**
 * A deep copy of plain data, which shares nothing with the value; undefined for anything else. Never throws.
 *
 * What is judged is the copy: a getter may say something else each time.
 */
export function plainCopy(value: unknown): unknown {
  try {
    const copy: unknown = isPlainData(value) ? structuredClone(value) : undefined;
    return isPlainData(copy) ? copy : undefined;
  } catch {
    return undefined;
  }
}

/** The key of an object under which something stands that is no plain data; undefined where there is none. */
export function keyOfWhatIsNotPlain(holder: object): string | undefined {
  try {
    const found = Reflect.ownKeys(holder).find((key) => !isPlainData(Reflect.get(holder, key)));
    return found === undefined ? undefined : String(found);
  } catch {
    return undefined;
  }
}

/** Deeper data, and data in cycles, are taken for something else. */
const MAX_DEPTH = 100;

/** @param seen how deep each part was found at most: a part that is shared is judged again only where it is deeper. */
function isPlain(value: unknown, depth: number, seen: Map<object, number>): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth > MAX_DEPTH) return false;
  if ((seen.get(value) ?? -1) >= depth) return true;
  seen.set(value, depth);
  const kind = containerKind(value);
  if (kind === 'array') {
    const list = value as readonly unknown[];
    // A hole in a list becomes null in JSON; without this check a long list of holes takes long too.
    return !list.includes(undefined) && list.every((element) => isPlain(element, depth + 1, seen));
  }
  return (
    kind === 'object' &&
    Reflect.ownKeys(value).every(
      (key) => typeof key === 'string' && isPlain(Reflect.get(value, key), depth + 1, seen),
    )
  );
}
