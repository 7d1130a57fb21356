import { types } from 'node:util';
import { FrozenMap, FrozenSet } from './frozen-collections.js';

/**
 * The one place that asks a value it knows nothing of: a node may throw, give or be given anything, also a revoked
 * proxy, an object whose getters throw, or one made in another realm (a `vm` context, another window, a test runner).
 *
 * No function here throws. What cannot be asked is answered with no.
 */

/** Whether a value has properties of its own: an object or a function. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** Whether something must be awaited: a promise, or anything with a method `then`. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (!isObject(value)) return false;
  try {
    return typeof (value as { then?: unknown }).then === 'function';
  } catch {
    return false;
  }
}

/** What the language throws where a value would be awaited whose `then` cannot be read; undefined for all others. */
export function refusalToAwait(value: unknown): { readonly thrown: unknown } | undefined {
  if (!isObject(value)) return undefined;
  try {
    Reflect.get(value, 'then');
    return undefined;
  } catch (thrown) {
    return { thrown };
  }
}

/** What a property holds; undefined where there is none, and what is given for it where reading it throws. */
export function readProperty(value: unknown, key: PropertyKey, unreadable?: unknown): unknown {
  if (!isObject(value)) return undefined;
  try {
    return Reflect.get(value, key);
  } catch {
    return unreadable;
  }
}

/** Whether a value has a property, its own or inherited. */
export function hasProperty(value: unknown, key: PropertyKey): boolean {
  if (!isObject(value)) return false;
  try {
    return Reflect.has(value, key);
  } catch {
    return false;
  }
}

/** Whether a value has a method, its own or inherited. */
export function hasMethod(value: unknown, name: PropertyKey): boolean {
  return typeof readProperty(value, name) === 'function';
}

/** The prototype of an object; null also where it cannot be asked. */
export function prototypeOf(value: object): object | null {
  try {
    return Reflect.getPrototypeOf(value);
  } catch {
    return null;
  }
}

/** A class, whether or not others may construct it. */
interface AnyClass<T> {
  readonly prototype: T;
  [Symbol.hasInstance](value: unknown): boolean;
}

/** Whether a value is an instance of a class of this realm. */
export function isInstanceOf<T extends object>(value: unknown, type: AnyClass<T>): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** Whether a value is a promise of the language: told by what the value is, so that nothing of the value is asked. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return types.isPromise(value);
}

/** Whether a value is a list, of any realm. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** Whether a value is an error, of any realm. */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || isInstanceOf(value, Error) || isForeignError(value);
}

/** An error that inherits from another realm's `Error`, such as a `DOMException` there. */
function isForeignError(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  for (let at = prototypeOf(value), depth = 0; at !== null && depth < MOST_CLASSES; depth += 1) {
    if (types.isNativeError(at) || nameOfClass(at) === 'Error') return hasProperty(value, 'message');
    at = prototypeOf(at);
  }
  return false;
}

/** Longer chains of classes are not followed: a proxy may answer without end. */
export const MOST_CLASSES = 100;

/** The kinds of plain data that hold other values. */
export type ContainerKind = 'object' | 'array' | 'map' | 'set';

/**
 * Which kind of plain data an object is, of any realm: a plain object, an array, a Map or a Set.
 *
 * Undefined for instances of classes, subclasses of these four included, and for what cannot be asked.
 */
export function containerKind(value: unknown): ContainerKind | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const prototype = prototypeOf(value);
  switch (prototype) {
    case Object.prototype:
      return 'object';
    case Array.prototype:
      return isArray(value) ? 'array' : undefined;
    case Map.prototype:
      return types.isMap(value) ? 'map' : undefined;
    case FrozenMap.prototype:
      return FrozenMap.is(value) ? 'map' : undefined;
    case FrozenSet.prototype:
      return FrozenSet.is(value) ? 'set' : undefined;
    case Set.prototype:
      return types.isSet(value) ? 'set' : undefined;
    case null:
      // A proxy that does not let itself be asked has no prototype to show either.
      return types.isProxy(value) ? undefined : 'object';
    default:
      return foreignKind(value, prototype);
  }
}

/** By what the prototype is, since each realm has its own. */
function foreignKind(value: object, prototype: object): ContainerKind | undefined {
  const above = prototypeOf(prototype);
  if (above === null) return isObjectPrototype(prototype) ? 'object' : undefined;
  if (!isObjectPrototype(above)) return undefined;
  if (isArray(value)) return isArray(prototype) ? 'array' : undefined;
  if (types.isMap(value)) return nameOfClass(prototype) === 'Map' ? 'map' : undefined;
  if (types.isSet(value)) return nameOfClass(prototype) === 'Set' ? 'set' : undefined;
  return undefined;
}

/** Whether an object is the `Object.prototype` of some realm. */
function isObjectPrototype(value: object): boolean {
  return (
    prototypeOf(value) === null && hasOwn(value, 'isPrototypeOf') && hasOwn(value, 'propertyIsEnumerable')
  );
}

/** Whether a value is a Map, of any realm or class, or a frozen one of this library. */
export function isMap(value: object): boolean {
  return types.isMap(value) || FrozenMap.is(value);
}

/** Whether a value is a Set, of any realm or class, or a frozen one of this library. */
export function isSet(value: object): boolean {
  return types.isSet(value) || FrozenSet.is(value);
}

/** The entries of a Map as it holds them, whatever methods it has; none of what is no Map. */
export function entriesOfMap(map: object): Iterable<readonly [unknown, unknown]> {
  if (FrozenMap.is(map)) return map.entries();
  return types.isMap(map) ? mapEntries.call(map) : [];
}

/** The elements of a Set as it holds them, whatever methods it has; none of what is no Set. */
export function valuesOfSet(set: object): Iterable<unknown> {
  if (FrozenSet.is(set)) return set.values();
  return types.isSet(set) ? setValues.call(set) : [];
}

// A Map or Set may have methods of its own with these names.
/* eslint-disable @typescript-eslint/unbound-method -- bound at each call */
const mapEntries = Map.prototype.entries;
const setValues = Set.prototype.values;
/* eslint-enable @typescript-eslint/unbound-method */

/** The names of the classes that a value is an instance of, the nearest first. */
export function classNamesOf(value: object): string[] {
  const names: string[] = [];
  for (let at = prototypeOf(value), depth = 0; at !== null && depth < MOST_CLASSES; depth += 1) {
    const name = nameOfClass(at);
    if (name !== undefined) names.push(name);
    at = prototypeOf(at);
  }
  return names;
}

/** The name of the class that a prototype belongs to. */
export function nameOfClass(prototype: object): string | undefined {
  const name = hasOwn(prototype, 'constructor')
    ? readProperty(readProperty(prototype, 'constructor'), 'name')
    : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** Whether a value has a property of its own. */
export function hasOwn(value: object, key: PropertyKey): boolean {
  try {
    return Object.hasOwn(value, key);
  } catch {
    return false;
  }
}

/**
 * Waits for a thenable, and gives a promise of this realm that nobody else can have changed.
 *
 * A promise is no safer than other objects: it may have a `then` or a `constructor` of its own that throws.
 */
export function toPromise(value: PromiseLike<unknown>): Promise<unknown> {
  return new Promise((resolve) => {
    resolve(value);
  });
}

/**
 * Calls back once with what a thenable comes to; gives the promise of what the called function gives.
 *
 * The same as {@link toPromise} with `then`, without a promise between for those of this realm.
 */
export function whenSettled<TResult>(
  value: PromiseLike<unknown>,
  settled: (value: unknown) => TResult | PromiseLike<TResult>,
  refused: (thrown: unknown) => TResult | PromiseLike<TResult>,
): Promise<TResult> {
  try {
    return promiseThen.call(Promise.resolve(value), settled, refused) as Promise<TResult>;
  } catch {
    return toPromise(value).then(settled, refused);
  }
}

// Its own `then` may be anything.
// eslint-disable-next-line @typescript-eslint/unbound-method -- bound at each call
const promiseThen = Promise.prototype.then;

/** Takes note of what a promise that is not wanted rejects with: refused, it must not end the process. */
export function ignoreRejection(value: unknown): void {
  if (isThenable(value)) toPromise(value).catch(() => undefined);
}
