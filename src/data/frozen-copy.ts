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
  try {
    return new Copying().copyOf(value, 1) as T;
  } catch (thrown) {
    const place = { holder, key, path };
    throw isInstanceOf(thrown, TooDeep) ? tooDeep(place) : valueInvalid(place, thrown);
  }
}

/** Whether an object is a frozen copy made here: it, and the list of what is in it, never change. */
export function isFrozenCopy(value: object): boolean {
  return CopyMark.levelsOf(value) !== undefined;
}

/** Ends the copying; never leaves this file. */
class TooDeep extends Error {}

/** The copying of one value with all that is in it. Flat data are one container: a map is made for a second one. */
class Copying {
  // Private to TypeScript only: a method with # would cost every instance a mark.

  #outermost: object | undefined;
  #copy: object | undefined;
  /** The copies of the other containers, as far as they have been begun. */
  #others: Map<object, object> | undefined;
  /** The levels of what was copied last in the container that is being filled, the most of its parts. */
  #below = 0;

  /** The copy of one value, which stands on a level of what is copied. */
  copyOf(given: object, level: number): unknown {
    const source: unknown = isDraft(given) ? original(given) : given;
    if (typeof source !== 'object' || source === null) return source;
    const known = CopyMark.levelsOf(source);
    if (level - 1 + (known ?? 1) > MOST_LEVELS) throw new TooDeep();
    if (known !== undefined) {
      this.#below = Math.max(this.#below, known);
      return source;
    }
    const kind = containerKind(source);
    if (kind === undefined) {
      // A proxy that has been revoked has no kind, and throws here.
      if (types.isProxy(source)) Reflect.getPrototypeOf(source);
      return source;
    }
    const begun = source === this.#outermost ? this.#copy : this.#others?.get(source);
    return begun ?? this.copyContainer(kind, source, level);
  }

  private copyContainer(kind: ContainerKind, source: object, level: number): object {
    const beside = this.#below;
    this.#below = 0;
    const copy = this.filled(kind, source, level + 1);
    const levels = this.#below + 1;
    this.#below = Math.max(beside, levels);
    return Object.freeze(new CopyMark(copy, levels));
  }

  /** A copy that is known before its parts are: they may hold it. */
  private filled(kind: ContainerKind, source: object, level: number): object {
    switch (kind) {
      case 'array': {
        const list: unknown[] = [];
        this.begin(source, list);
        for (const element of source as readonly unknown[]) list.push(this.part(element, level));
        return list;
      }
      case 'map': {
        const entries = new Map<unknown, unknown>();
        const map = new FrozenMap(entries);
        this.begin(source, map);
        for (const [key, value] of entriesOfMap(source))
          entries.set(this.part(key, level), this.part(value, level));
        return map;
      }
      case 'set': {
        const elements = new Set<unknown>();
        const set = new FrozenSet(elements);
        this.begin(source, set);
        for (const element of valuesOfSet(source)) elements.add(this.part(element, level));
        return set;
      }
      case 'object': {
        // A spread reads each value once, as reading may be a call, and minds nothing that Object.prototype has.
        const read: Record<PropertyKey, unknown> = { ...source };
        // Filled anew: V8 takes twenty times as long to freeze what a spread has made.
        const record: Record<PropertyKey, unknown> =
          Reflect.getPrototypeOf(source) === null
            ? (Object.create(null) as Record<PropertyKey, unknown>)
            : {};
        this.begin(source, record);
        // V8 goes through the names of an object in this loop in a third of the time that a list of them takes.
        for (const name in read) {
          if (!(name in record)) record[name] = this.part(read[name], level);
          else if (Object.hasOwn(read, name)) define(record, name, this.part(read[name], level));
        }
        for (const symbol of Object.getOwnPropertySymbols(read))
          define(record, symbol, this.part(read[symbol], level));
        return record;
      }
    }
  }

  private part(value: unknown, level: number): unknown {
    return typeof value === 'object' && value !== null ? this.copyOf(value, level) : value;
  }

  private begin(source: object, copy: object): void {
    if (this.#outermost === undefined) {
      this.#outermost = source;
      this.#copy = copy;
    } else (this.#others ??= new Map()).set(source, copy);
  }
}

/** Sets an own property, whatever the prototype has of that name. To assign is faster, where it has nothing. */
function define(record: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
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
