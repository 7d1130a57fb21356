import { freeze, isDraft, original } from 'immer';

/** The frozen copies made here: what is one already is taken as it is. */
const ownCopies = new WeakSet();

/**
 * Copies plain data deeply and freezes the copy; the given value stays untouched.
 *
 * Data are plain objects, arrays, Maps and Sets, also in cycles. Instances of classes, dates and functions are
 * kept by reference.
 */
export function frozenCopy<T>(value: T): T {
  return isContainer(value) ? (copyContainer(value, new Map()) as T) : value;
}

/** Whether an object is a frozen copy made here: it, and the list of what is in it, never change. */
export function isFrozenCopy(value: object): boolean {
  return ownCopies.has(value);
}

function copyValue(value: unknown, seen: Map<object, unknown>): unknown {
  const settled = isDraft(value) ? original(value) : value;
  return isContainer(settled) ? copyContainer(settled, seen) : settled;
}

function copyContainer(source: object, seen: Map<object, unknown>): unknown {
  if (ownCopies.has(source)) return source;
  const known = seen.get(source);
  if (known !== undefined) return known;
  const copy = emptyLike(source);
  seen.set(source, copy);
  fill(copy, source, seen);
  ownCopies.add(copy);
  return freeze(copy);
}

function fill(copy: object, source: object, seen: Map<object, unknown>): void {
  if (Array.isArray(copy) && Array.isArray(source)) {
    for (const element of source) copy.push(copyValue(element, seen));
  } else if (copy instanceof Map && source instanceof Map) {
    for (const [key, entry] of source) copy.set(copyValue(key, seen), copyValue(entry, seen));
  } else if (copy instanceof Set && source instanceof Set) {
    for (const element of source) copy.add(copyValue(element, seen));
  } else {
    for (const key of Reflect.ownKeys(source)) {
      if (!Object.prototype.propertyIsEnumerable.call(source, key)) continue;
      const value = copyValue(Reflect.get(source, key), seen);
      // Defined, not assigned: an own '__proto__' stays a plain entry.
      Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true });
    }
  }
}

function emptyLike(source: object): object {
  if (Array.isArray(source)) return [];
  if (source instanceof Map) return new Map<unknown, unknown>();
  if (source instanceof Set) return new Set<unknown>();
  return Object.create(Object.getPrototypeOf(source) as object | null) as object;
}

/** Whether a value is plain data with parts: a plain object, an array, a Map or a Set, but no subclass of these. */
function isContainer(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype === null ||
    prototype === Object.prototype ||
    prototype === Array.prototype ||
    prototype === Map.prototype ||
    prototype === Set.prototype
  );
}
