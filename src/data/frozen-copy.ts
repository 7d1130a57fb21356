import { types } from 'node:util';
import { isDraft, original } from 'immer';
import { PipelineError } from '../errors/pipeline-error.js';
import { containerKind, entriesOfMap, isInstanceOf, valuesOfSet } from './foreign-value.js';
import type { ContainerKind } from './foreign-value.js';
import { FrozenMap, FrozenSet } from './frozen-collections.js';

/** More levels are refused, so that functions that call themselves for each level do not run out of stack. */
const MOST_LEVELS = 1000;

/** Gives back an object, so that a derived class puts its private fields on that. */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- what it gives back is the point of it
class Given {
  constructor(object: object) {
    return object;
  }
}

/**
 * Marks the frozen copies made here, with their levels: what is one already is taken as it is.
 *
 * A private field that nobody else sees or sets. A WeakMap would cost several times what the copying costs, and the
 * garbage collector as much again.
 */
class CopyMark extends Given {
  readonly #levels: number;

  constructor(copy: object, levels: number) {
    super(copy);
    this.#levels = levels;
  }

  /** The levels of a copy; undefined for all else. */
  static levelsOf(value: object): number | undefined {
    return #levels in value ? value.#levels : undefined;
  }
}

/** What is copied, for the error of a value that cannot be. */
interface Place {
  readonly holder: string;
  readonly key?: string | undefined;
  readonly path?: string | undefined;
}

/**
 * Copies plain data deeply and freezes the copy; the given value stays untouched.
 *
 * Data are plain objects, arrays, Maps and Sets of any realm, also in cycles; the copy is of this realm. Instances of
 * classes, dates and functions are kept by reference.
 *
 * @param holder what holds the value, such as `parameters`.
 * @param key the name of the value in it.
 * @param path where that is, in the tree of pipelines.
 * @throws {@link PipelineError} `CONTEXT_VALUE_INVALID` for data of more than 1,000 levels, and for what cannot be read.
 */
export function frozenCopy<T>(value: T, holder = 'data', key?: string, path?: string): T {
  if (typeof value !== 'object' || value === null || isFrozenCopy(value)) return value;
  const place = { holder, key, path };
  try {
    return copyOf(value, 1, new Copies(), place) as T;
  } catch (thrown) {
    throw isInstanceOf(thrown, TooDeep) ? tooDeep(place) : valueInvalid(place, thrown);
  }
}

/** Whether an object is a frozen copy made here: it, and the list of what is in it, never change. */
export function isFrozenCopy(value: object): boolean {
  return CopyMark.levelsOf(value) !== undefined;
}

/** The copies of the containers that are being copied. Flat data are one container: a map is made for a second one. */
class Copies {
  #outermost: object | undefined;
  #copy: object | undefined;
  #others: Map<object, object> | undefined;

  get(source: object): object | undefined {
    return source === this.#outermost ? this.#copy : this.#others?.get(source);
  }

  set(source: object, copy: object): void {
    if (this.#outermost === undefined) {
      this.#outermost = source;
      this.#copy = copy;
    } else (this.#others ??= new Map()).set(source, copy);
  }
}

/** Ends the copying; never leaves this file. */
class TooDeep extends Error {}

/** The copy of one value, which stands on a level of what is copied. */
function copyOf(given: unknown, level: number, seen: Copies, place: Place): unknown {
  if (typeof given !== 'object' || given === null) return given;
  const source: unknown = isDraft(given) ? original(given) : given;
  if (typeof source !== 'object' || source === null) return source;
  const known = CopyMark.levelsOf(source);
  if (level - 1 + (known ?? 1) > MOST_LEVELS) throw new TooDeep();
  if (known !== undefined) return source;
  const kind = containerKind(source);
  if (kind === undefined) {
    // A proxy that has been revoked has no kind, and throws here.
    if (types.isProxy(source)) Reflect.getPrototypeOf(source);
    return source;
  }
  const made = seen.get(source);
  return made ?? copyContainer(kind, source, level, seen, place);
}

function copyContainer(
  kind: ContainerKind,
  source: object,
  level: number,
  seen: Copies,
  place: Place,
): unknown {
  let below = 0;
  const part = (value: unknown): unknown => {
    const copy = copyOf(value, level + 1, seen, place);
    if (typeof copy === 'object' && copy !== null) below = Math.max(below, CopyMark.levelsOf(copy) ?? 0);
    return copy;
  };
  const copy = filled(kind, source, part, seen);
  return Object.freeze(new CopyMark(copy, below + 1));
}

/** A copy that is known before its parts are: they may hold it. */
function filled(
  kind: ContainerKind,
  source: object,
  part: (value: unknown) => unknown,
  seen: Copies,
): object {
  switch (kind) {
    case 'array': {
      const list: unknown[] = [];
      seen.set(source, list);
      for (const element of source as readonly unknown[]) list.push(part(element));
      return list;
    }
    case 'map': {
      const entries = new Map<unknown, unknown>();
      const map = new FrozenMap(entries);
      seen.set(source, map);
      for (const [key, value] of entriesOfMap(source)) entries.set(part(key), part(value));
      return map;
    }
    case 'set': {
      const elements = new Set<unknown>();
      const set = new FrozenSet(elements);
      seen.set(source, set);
      for (const element of valuesOfSet(source)) elements.add(part(element));
      return set;
    }
    case 'object': {
      // A spread reads each value once, as reading may be a call, and minds nothing that Object.prototype has.
      const read: Record<PropertyKey, unknown> = { ...source };
      // Filled anew: V8 takes twenty times as long to freeze what a spread has made.
      const record: Record<PropertyKey, unknown> =
        Reflect.getPrototypeOf(source) === null ? (Object.create(null) as Record<PropertyKey, unknown>) : {};
      seen.set(source, record);
      for (const key of keysOf(read)) {
        const value = read[key];
        define(record, key, typeof value === 'object' && value !== null ? part(value) : value);
      }
      return record;
    }
  }
}

/** The own keys of an object whose properties are all enumerable. */
function keysOf(record: object): readonly PropertyKey[] {
  const symbols = Object.getOwnPropertySymbols(record);
  const names = Object.keys(record);
  return symbols.length === 0 ? names : [...names, ...symbols];
}

/** Sets an own property, whatever the prototype has of that name. */
function define(record: Record<PropertyKey, unknown>, key: PropertyKey, value: unknown): void {
  // To assign is faster.
  if (!(key in record)) record[key] = value;
  else Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
}

function tooDeep(place: Place): PipelineError {
  return new PipelineError('CONTEXT_VALUE_INVALID', {
    path: place.path,
    problem: `${valueAt(place)} has more than ${MOST_LEVELS.toLocaleString('en')} levels.`,
    remedy: 'Give flatter data, such as a list, or keep the value as a context item.',
  });
}

/** The error of a value that cannot be read as data. */
export function valueInvalid(place: Place, cause: unknown): PipelineError {
  return new PipelineError('CONTEXT_VALUE_INVALID', {
    path: place.path,
    problem: `${valueAt(place)} cannot be read.`,
    remedy: 'What reading it threw is the cause; give plain data, without getters that throw.',
    cause,
  });
}

function valueAt({ holder, key }: Place): string {
  return key === undefined ? `A value in ${holder}` : `The value of '${key}' in ${holder}`;
}
