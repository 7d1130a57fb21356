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
import { Secret } from './secret.js';

/** The texts that data must not hold. */
export interface KnownTexts {
  /** How many there are; none is ever taken away. */
  readonly count: number;
  /** Frozen copies, and how many texts were known when they held none; of others `NEVER`. */
  readonly clean: WeakMap<object, number>;
  /** Whether one of them is in a text. */
  isIn(text: string): boolean;
  /** The text without them. */
  redact(text: string): string;
}

/** An object found in the data, and where it was found. */
interface Part {
  /** The object, or the record of an error. */
  source: object;
  isError: boolean;
  /** Only for what differs from its source. */
  copy: unknown;
  readonly holders: Part[];
}

/** Stands in a copy for what cannot be read. */
export const UNREADABLE = 'a value that cannot be read';
/** A frozen copy that holds a known text, or what may come to hold one. */
const NEVER = -1;

/**
 * Copies what holds a known text, at any depth, and shares the rest with the source.
 *
 * It walks lists instead of calling itself: data may be nested deeper than calls can be.
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
  // A Set also hands out what is added while it is walked.
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

/** Whether the data hold a known text, or what cannot be read. */
function holdsKnown(root: object, known: KnownTexts): boolean {
  const found = new Set([root]);
  let isWithinCopy = false;
  const test = (value: unknown): boolean => {
    if (typeof value === 'string') return known.isIn(value);
    // A frozen copy that is not clean is looked at as a whole, not each part of it again.
    if (isObject(value) && (isWithinCopy || !isClean(value, known))) found.add(value);
    return false;
  };
  try {
    // A Set also hands out what is added while it is walked.
    for (const part of found) {
      isWithinCopy = isFrozenCopy(part);
      if (someValue(part, test)) return true;
    }
    return false;
  } catch {
    return true;
  }
}

/** Whether an object is a frozen copy without known texts; remembered, since it cannot change. */
function isClean(data: object, known: KnownTexts): boolean {
  if (!isFrozenCopy(data)) return false;
  const atCount = known.clean.get(data);
  if (atCount === known.count) return true;
  if (atCount === NEVER) return false;
  const isIt = holdsCopiesOnly(data, known);
  known.clean.set(data, isIt ? known.count : NEVER);
  return isIt;
}

/** Whether all that is in a frozen copy is frozen too, and without known texts. */
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

/** Whether nothing of an object is ever looked at. */
function isOpaque(value: object): boolean {
  return ArrayBuffer.isView(value) || types.isDate(value) || isInstanceOf(value, Secret);
}

/** Whether the test says so of a name or a value in an object; calls no accessor of a property. */
function someValue(source: object, test: (value: unknown) => boolean): boolean {
  // Most data are plain objects: of these nothing else is asked.
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

/** Whether a list has all its elements, and nothing else: names begin with the indexes, in order. */
function isDense(list: readonly unknown[], names: readonly string[]): boolean {
  const { length } = list;
  return names.length === length && (length === 0 || names[length - 1] === String(length - 1));
}

const dataOf = (source: object, key: PropertyKey): unknown =>
  Reflect.getOwnPropertyDescriptor(source, key)?.value;

/** The errors that an error has collected, as an `AggregateError` of any realm has; none for others. */
export function collectedErrors(error: object): readonly unknown[] {
  const collected = readProperty(error, 'errors');
  return isArray(collected) ? collected : [];
}

function isCollection(error: object): boolean {
  return classNamesOf(error).includes('AggregateError');
}

/** An error as a record with its own data, and its causes and collected errors so; loggers may write to it. */
function recordOf(thrown: unknown, depth: number, records: Map<unknown, object>): object {
  const made = records.get(thrown);
  if (made !== undefined) return made;
  const bare = { ...toErrorRecord(thrown, MAX_CAUSES) };
  if (!isError(thrown)) return bare;
  // An error that is among its own causes is there as the bare record.
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

/** The copy of an instance is plain: without its private fields it would not be one. */
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
    // Defined, not assigned: flags stay, and so does an own '__proto__' as a plain entry.
    Object.defineProperty(copy, newKey, property);
  }
  if (Object.isFrozen(source)) Object.freeze(copy);
}

/** Two names may become the same: none is lost. */
function freeName(name: string, isTaken: (name: string) => boolean): string {
  let free = name;
  for (let count = 2; isTaken(free); count += 1) free = `${name} (${count})`;
  return free;
}
