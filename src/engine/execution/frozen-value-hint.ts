import type { ContextFrame } from '../../context/context-frame.js';
import { isInstanceOf, isObject, readProperty } from '../../data/foreign-value.js';
import { isFrozenCopy } from '../../data/frozen-copy.js';

/** Messages of V8 for a write to a frozen object; the first group is the name of the property. */
const refusals = [
  /^Cannot assign to read only property '(.*)' of object/s,
  /^Cannot delete property '(.*)' of /s,
  /^Cannot (?:add|define) property .*, object is not extensible/s,
  /frozen/,
];

/** The dictionaries whose values are frozen copies. */
const dataKinds = ['parameters', 'properties'] as const;

/** Number of objects inside of one context value that are searched at most. */
const MOST_OBJECTS = 10_000;

/**
 * Returns advice for an error thrown by a write to a frozen context value. Undefined for any other error.
 *
 * The error does not say which object was written to, so the context is searched for a frozen value with that property.
 */
export function frozenValueHint(thrown: unknown, frame: ContextFrame): string | undefined {
  const message = readProperty(thrown, 'message');
  if (typeof message !== 'string') return undefined;
  const match = refusals.map((refusal) => refusal.exec(message)).find((found) => found !== null);
  if (match === undefined) return undefined;
  const [, property] = match;
  for (const kind of dataKinds) {
    for (const [key, value] of frame.dictionary(kind).entries()) {
      if (!holdsFrozen(value, property)) continue;
      return `Values in the ${kind} of a context are frozen: change '${key}' with context.${kind}.update('${key}', (draft) => { ... }), or write to a copy.`;
    }
  }
  return undefined;
}

/** True if a value is or contains a frozen copy; if a property is given, one that has this property. */
function holdsFrozen(value: unknown, property: string | undefined): boolean {
  const found = new Set([value]);
  // The loop also visits values that are added to the Set while it runs.
  for (const part of found) {
    if (!isObject(part) || !isFrozenCopy(part)) continue;
    if (property === undefined || Object.hasOwn(part, property)) return true;
    const inside: Iterable<unknown> =
      isInstanceOf(part, Map) || isInstanceOf(part, Set) ? part.values() : Object.values(part);
    for (const each of inside) if (found.size < MOST_OBJECTS) found.add(each);
  }
  return false;
}
