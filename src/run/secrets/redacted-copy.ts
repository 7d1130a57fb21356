import { types } from 'node:util';
import {
  classNamesOf,
  containerKind,
  entriesOfMap,
  isArray,
  isError,
  isInstanceOf,
  isMap,
  isSet,
  prototypeOf,
  readProperty,
  valuesOfSet,
} from '../../data/foreign-value.js';
import { MAX_CAUSES, toErrorRecord } from '../../ports/error-record.js';
import { isFrozenCopy } from '../../data/frozen-copy.js';
import { PLACEHOLDER, Secret } from './secret.js';

/** The secret texts to replace in data. */
export interface KnownTexts {
  /** Number of known texts; texts are only ever added. */
  readonly count: number;
  /** Per frozen copy, the number of texts known when none was found in it. `NEVER` for copies that must be searched. */
  readonly clean: WeakMap<object, number>;
  /** True if a text contains one of the known texts. */
  isIn(text: string): boolean;
  /** Returns a text with each known text replaced by a placeholder. */
  redact(text: string): string;
}

/** An object found in the data, with the objects that refer to it. */
interface Part {
  /** The object; for an error to be changed, a record made from it. */
  source: object;
  isError: boolean;
  /** The copy; undefined if the object need not be changed. */
  copy: unknown;
  /** The objects that refer to this one: if this one is copied, so are they. */
  readonly holders: Part[];
}

/** Replaces, in a copy, an object that cannot be read. */
export const UNREADABLE = 'a value that cannot be read';
/** Marks a frozen copy that contains a known text, or an object that can change. */
const NEVER = -1;

/**
 * Returns a copy of data without known texts. Objects that contain none, at any depth, are shared with the source.
 *
 * Uses lists instead of recursion, since data may be nested deeper than the stack allows.
 */
export function redactedCopy(root: object, known: KnownTexts): unknown {
  if (isClean(root, known) || !holdsKnown(root, known)) return root;
  const parts = new Map<object, Part>();
  const changed = new Set<Part>();
  const todo: Part[] = [];
  const records = new Map<unknown, object>();
  const partOf = (source: object): Part => {
    let part = parts.get(source);
    if (part === undefined) {
      part = { source, isError: false, copy: undefined, holders: [] };
      parts.set(source, part);
      todo.push(part);
    }
    return part;
  };
  const look = (part: Part): void => {
    part.isError = isError(part.source);
    const isWithinCopy = isFrozenCopy(part.source);
    someValue(part.source, (value) => {
      if (typeof value === 'string') {
        if (known.isIn(value)) changed.add(part);
      } else if (isObject(value) && (isWithinCopy || !isClean(value, known))) {
        const held = partOf(value);
        held.holders.push(part);
        if (changed.has(held)) changed.add(part);
      }
      return false;
    });
  };
  const lookAround = (): void => {
    for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
      try {
        look(part);
      } catch {
        part.isError = false;
        part.copy = UNREADABLE;
        changed.add(part);
      }
    }
  };
  const top = partOf(root);
  lookAround();
  // The loop also visits parts that are added to the Set while it runs.
  for (const part of changed) {
    if (part.isError) {
      part.source = recordOf(part.source, 0, records);
      todo.push(part);
      lookAround();
    }
    for (const holder of part.holders) changed.add(holder);
  }
  for (const part of changed) part.copy ??= emptyLike(part.source);
  const redacted = (value: unknown): unknown => {
    if (typeof value === 'string') return known.redact(value);
    return isObject(value) ? (parts.get(value)?.copy ?? value) : value;
  };
  for (const { copy, source } of changed) if (isObject(copy)) fill(copy, source, redacted);
  return top.copy ?? root;
}

/** True if data contains the placeholder of a redacted secret. */
export function holdsRedaction(value: unknown): boolean {
  const placeholder: KnownTexts = {
    count: 1,
    clean: new WeakMap(),
    isIn: (text) => text.includes(PLACEHOLDER),
    redact: (text) => text,
  };
  if (typeof value === 'string') return placeholder.isIn(value);
  return isObject(value) && holdsKnown(value, placeholder);
}

/** True if data contains a known text, or an object that cannot be read. */
function holdsKnown(root: object, known: KnownTexts): boolean {
  const found = new Set([root]);
  let isWithinCopy = false;
  const test = (value: unknown): boolean => {
    if (typeof value === 'string') return known.isIn(value);
    // Inside a frozen copy, parts are not asked again whether they are clean: the copy as a whole is not.
    if (isObject(value) && (isWithinCopy || !isClean(value, known))) found.add(value);
    return false;
  };
  try {
    // The loop also visits objects that are added to the Set while it runs.
    for (const part of found) {
      isWithinCopy = isFrozenCopy(part);
      if (someValue(part, test)) return true;
    }
    return false;
  } catch {
    return true;
  }
}

/** True for a frozen copy without known texts. The answer is remembered, since a frozen copy cannot change. */
function isClean(data: object, known: KnownTexts): boolean {
  if (!isFrozenCopy(data)) return false;
  const atCount = known.clean.get(data);
  if (atCount === known.count) return true;
  if (atCount === NEVER) return false;
  const isIt = holdsCopiesOnly(data, known);
  known.clean.set(data, isIt ? known.count : NEVER);
  return isIt;
}

/** True if a frozen copy contains no known text, and no object that could change and then contain one. */
function holdsCopiesOnly(copy: object, known: KnownTexts): boolean {
  const found = new Set([copy]);
  const test = (value: unknown): boolean => {
    if (typeof value === 'string') return known.isIn(value);
    if (!isObject(value)) return false;
    if (!isFrozenCopy(value)) return !isOpaque(value);
    found.add(value);
    return false;
  };
  try {
    for (const part of found) if (someValue(part, test)) return false;
    return true;
  } catch {
    return false;
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** True for objects whose inside is never searched: binary data, dates and secrets. */
function isOpaque(value: object): boolean {
  return ArrayBuffer.isView(value) || types.isDate(value) || isInstanceOf(value, Secret);
}

/** True if the test holds for a name or value in an object, Map or Set. Calls no getter. */
function someValue(source: object, test: (value: unknown) => boolean): boolean {
  // Plain objects, the usual case, skip the checks for other kinds.
  if (Object.getPrototypeOf(source) !== Object.prototype) {
    if (isOpaque(source)) return false;
    for (const [key, value] of entriesOfMap(source)) if (test(key) || test(value)) return true;
    for (const element of valuesOfSet(source)) if (test(element)) return true;
    if (isError(source)) {
      const parts = ['name', 'message', 'stack', 'cause'].map((part) => readProperty(source, part));
      if ([...parts, collectedErrors(source)].some(test)) return true;
    }
  }
  const names = Object.keys(source);
  if (isArray(source) && isDense(source, names)) {
    for (let index = 0; index < names.length; index += 1) if (test(source[index])) return true;
  } else for (const name of names) if (test(name) || test(dataOf(source, name))) return true;
  return Object.getOwnPropertySymbols(source).some(
    (symbol) => Object.prototype.propertyIsEnumerable.call(source, symbol) && test(dataOf(source, symbol)),
  );
}

/**
 * True for a list without holes or further properties.
 *
 * `names` are its own property names, which begin with indexes.
 */
function isDense(list: readonly unknown[], names: readonly string[]): boolean {
  const { length } = list;
  return names.length === length && (length === 0 || names[length - 1] === String(length - 1));
}

const dataOf = (source: object, key: PropertyKey): unknown =>
  Reflect.getOwnPropertyDescriptor(source, key)?.value;

/** Returns the `errors` of an `AggregateError`, of any realm; an empty list for other errors. */
export function collectedErrors(error: object): readonly unknown[] {
  const collected = readProperty(error, 'errors');
  return isArray(collected) ? collected : [];
}

function isCollection(error: object): boolean {
  return classNamesOf(error).includes('AggregateError');
}

/** Makes a plain record of an error with its own properties, causes and collected errors. Not frozen, for loggers. */
function recordOf(thrown: unknown, depth: number, records: Map<unknown, object>): object {
  const made = records.get(thrown);
  if (made !== undefined) return made;
  const bare = { ...toErrorRecord(thrown, MAX_CAUSES) };
  if (!isError(thrown)) return bare;
  // Set before the causes are read: an error that is its own cause then refers to this shorter record.
  records.set(thrown, bare);
  try {
    const next = (error: unknown): object => recordOf(error, depth + 1, records);
    const names = Object.keys(thrown).filter((name) => name !== 'cause');
    const own = names.map((name) => [name, dataOf(thrown, name)] as const);
    const collected = isCollection(thrown) ? collectedErrors(thrown) : undefined;
    const record = {
      ...Object.fromEntries(own.filter(([, value]) => value !== undefined)),
      ...bare,
      ...(depth < MAX_CAUSES && 'cause' in thrown
        ? { cause: next(readProperty(thrown, 'cause', UNREADABLE)) }
        : {}),
      ...(depth < MAX_CAUSES && collected !== undefined ? { errors: collected.map(next) } : {}),
    };
    records.set(thrown, record);
    return record;
  } catch {
    return bare;
  }
}

/**
 * Makes the empty copy of an object.
 *
 * Of a class instance it is a plain object, since private fields cannot be copied.
 */
function emptyLike(source: object): object {
  if (isArray(source)) return [];
  if (isMap(source)) return new Map();
  if (isSet(source)) return new Set();
  return prototypeOf(source) === null ? (Object.create(null) as object) : {};
}

function fill(copy: object, source: object, redacted: (value: unknown) => unknown): void {
  if (isInstanceOf(copy, Map)) {
    const entries = new Map(entriesOfMap(source));
    for (const [key, value] of entries) {
      const newKey = redacted(key);
      const isRenamed = typeof newKey === 'string' && newKey !== key;
      const isTaken = (name: string): boolean => copy.has(name) || entries.has(name);
      copy.set(isRenamed ? freeName(newKey, isTaken) : newKey, redacted(value));
    }
  } else if (isInstanceOf(copy, Set)) {
    for (const element of valuesOfSet(source)) copy.add(redacted(element));
  }
  const isPlain = containerKind(source) !== undefined;
  for (const key of Reflect.ownKeys(source)) {
    const property = { ...Reflect.getOwnPropertyDescriptor(source, key) };
    if ('value' in property) property.value = redacted(property.value);
    else if (!isPlain) continue;
    const name = redacted(key) as PropertyKey;
    const isTaken = (other: string): boolean => Object.hasOwn(copy, other) || Object.hasOwn(source, other);
    const newKey = typeof name === 'string' && name !== key ? freeName(name, isTaken) : name;
    // Defined, not assigned, to keep property flags, and to copy an own '__proto__' as an ordinary property.
    Object.defineProperty(copy, newKey, property);
  }
  if (Object.isFrozen(source)) Object.freeze(copy);
}

/** Returns an unused name: two names may become equal by redaction, and no property may be lost. */
function freeName(name: string, isTaken: (name: string) => boolean): string {
  let free = name;
  for (let count = 2; isTaken(free); count += 1) free = `${name} (${count})`;
  return free;
}
