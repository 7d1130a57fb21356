import { PipelineContext } from '../context/pipeline-context.js';
import { containerKind, entriesOfMap, isArray, isInstanceOf, valuesOfSet } from '../data/foreign-value.js';
import { RunContext } from '../run/run-context.js';
import { Secret } from '../run/secrets/secret.js';

/** Is shown what data hold. */
interface DataVisitor {
  /** @param key where it is, such as `item.rows[].name`. @param isName whether it is the name of a field. */
  text(text: string, key: string, isName: boolean): void;
  /** Whether to look into an object. */
  enters(object: object): boolean;
}

type Part = readonly [value: unknown, key: string, isName?: true];

/** So many values of one walk are looked at, the outer ones first. */
const MOST_VALUES = 10_000;

/**
 * Walks through all the texts in a value, the names of fields included; cycles are no harm, and no getter is called.
 *
 * Of instances it sees the own fields, not the private ones. A secret counts with its value, a context with its run's id.
 */
export function walkData(start: unknown, key: string, visitor: DataVisitor): void {
  const seen = new Set<object>();
  const found: Part[] = [[start, key]];
  // The list grows while it is walked.
  for (const [value, at, isName = false] of found) {
    if (typeof value === 'string') visitor.text(value, at, isName);
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    try {
      if (!visitor.enters(value)) continue;
      for (const part of partsOf(value, at)) {
        if (found.length >= MOST_VALUES) break;
        found.push(part);
      }
    } catch {
      // It does not let itself be looked into.
    }
  }
}

/** Whether an object is data by nature: a list, or made by a literal. */
export function isPlainObject(object: object): boolean {
  return containerKind(object) === 'object' || isArray(object);
}

/** Whether an object has methods of its own, as a service made by a literal has. */
export function hasOwnMethods(object: object): boolean {
  const properties: PropertyDescriptor[] = Object.values(Object.getOwnPropertyDescriptors(object));
  return properties.some(({ value }) => typeof value === 'function');
}

function* partsOf(object: object, at: string): Generator<Part> {
  if (isInstanceOf(object, Secret)) yield [object.reveal(), at];
  if (isInstanceOf(object, PipelineContext) || isInstanceOf(object, RunContext))
    yield [object.rootRunId, `${at}.runId`];
  if (ArrayBuffer.isView(object)) return;
  for (const [key, value] of entriesOfMap(object)) {
    yield [key, at];
    yield [value, typeof key === 'string' ? `${at}.${key}` : `${at}[]`];
  }
  for (const element of valuesOfSet(object)) yield [element, `${at}[]`];
  const isList = isArray(object);
  for (const key of Reflect.ownKeys(object)) {
    const property = Reflect.getOwnPropertyDescriptor(object, key);
    if (property === undefined || !('value' in property)) continue;
    // A stack only repeats the message.
    if (key === 'stack' && 'message' in object) continue;
    if (!isList) yield [key, at, true];
    yield [property.value, isList ? `${at}[]` : `${at}.${String(key)}`];
  }
}
