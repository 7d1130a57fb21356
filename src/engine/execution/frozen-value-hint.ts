import type { ContextFrame } from '../../context/context-frame.js';
import { isInstanceOf, isObject, readProperty } from '../../data/foreign-value.js';
import { isFrozenCopy } from '../../data/frozen-copy.js';

/** What JavaScript says where something frozen is written to; the first group is the name of the property. */
const refusals = [
  /^Cannot assign to read only property '(.*)' of object/s,
  /^Cannot delete property '(.*)' of /s,
  /^Cannot (?:add|define) property .*, object is not extensible/s,
  /frozen/,
];

/** The dictionaries whose values are frozen copies. */
const dataKinds = ['parameters', 'properties'] as const;

/** More objects of one context are not looked at. */
const MOST_OBJECTS = 10_000;

/**
 * What to do where code tried to write to a frozen value of its context; undefined for any other error.
 *
 * An error does not say which object was written to: the context must hold a frozen copy that fits.
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

/** True where a value has a frozen copy in it, with this property if one is given. */
function holdsFrozen(value: unknown, property: string | undefined): boolean {
  const found = new Set([value]);
  // A Set is iterated in order of insertion, also over values that are added meanwhile.
  for (const part of found) {
    if (!isObject(part) || !isFrozenCopy(part)) continue;
    if (property === undefined || Object.hasOwn(part, property)) return true;
    const inside: Iterable<unknown> =
      isInstanceOf(part, Map) || isInstanceOf(part, Set) ? part.values() : Object.values(part);
    for (const each of inside) if (found.size < MOST_OBJECTS) found.add(each);
  }
  return false;
}
