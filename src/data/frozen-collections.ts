import { inspect } from 'node:util';

const comparisons = ['isSubsetOf', 'isSupersetOf', 'isDisjointFrom'];

/** Makes instances of a class pass for those of another: `instanceof`, `constructor` and tag are that one's. */
function standIn(prototype: object, original: object): void {
  Reflect.deleteProperty(prototype, 'constructor');
  Object.setPrototypeOf(prototype, original);
  Object.freeze(prototype);
}

function frozen(kind: string): TypeError {
  return new TypeError(
    `This ${kind} is frozen. Change it with update(key, recipe), or take a copy: new ${kind}(...).`,
  );
}

/**
 * A Map that reads like any other and cannot be changed, not even by `Map.prototype.set.call`.
 *
 * `instanceof Map` holds, but it has none of a Map's inside: `structuredClone` makes an empty object of it. A Map that
 * can be changed, or cloned, is `new Map(it)`.
 */
export class FrozenMap<TKey, TValue> implements ReadonlyMap<TKey, TValue> {
  readonly #entries: ReadonlyMap<TKey, TValue>;

  /**
   * @param entries are not copied: the code that made them can still fill them. Who makes one freezes it, once it bears
   * all its marks: an object that is frozen may refuse them.
   */
  constructor(entries: ReadonlyMap<TKey, TValue>) {
    this.#entries = entries;
  }

  /** Whether a value is one; asks nothing of the value. */
  static is(value: object): value is FrozenMap<unknown, unknown> {
    return #entries in value;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: TKey): boolean {
    return this.#entries.has(key);
  }

  get(key: TKey): TValue | undefined {
    return this.#entries.get(key);
  }

  keys(): MapIterator<TKey> {
    return this.#entries.keys();
  }

  values(): MapIterator<TValue> {
    return this.#entries.values();
  }

  entries(): MapIterator<[TKey, TValue]> {
    return this.#entries.entries();
  }

  [Symbol.iterator](): MapIterator<[TKey, TValue]> {
    return this.#entries.entries();
  }

  forEach(
    callback: (value: TValue, key: TKey, map: ReadonlyMap<TKey, TValue>) => void,
    thisArg?: unknown,
  ): void {
    for (const [key, value] of this.#entries) Reflect.apply(callback, thisArg, [value, key, this]);
  }

  set(): never {
    throw frozen('Map');
  }

  delete(): never {
    throw frozen('Map');
  }

  clear(): never {
    throw frozen('Map');
  }

  /** Printed as a Map; of a copy, so that printing gives nobody the entries themselves. */
  [inspect.custom](): unknown {
    return new Map(this.#entries);
  }

  static {
    standIn(this.prototype, Map.prototype);
  }
}

/** A Set that reads like any other and cannot be changed; see {@link FrozenMap}. */
export class FrozenSet<T> implements ReadonlySet<T> {
  readonly #elements: ReadonlySet<T>;

  /**
   * @param elements are not copied: the code that made them can still fill them. Who makes one freezes it, once it bears
   * all its marks: an object that is frozen may refuse them.
   */
  constructor(elements: ReadonlySet<T>) {
    this.#elements = elements;
  }

  /** Whether a value is one; asks nothing of the value. */
  static is(value: object): value is FrozenSet<unknown> {
    return #elements in value;
  }

  get size(): number {
    return this.#elements.size;
  }

  has(element: T): boolean {
    return this.#elements.has(element);
  }

  keys(): SetIterator<T> {
    return this.#elements.values();
  }

  values(): SetIterator<T> {
    return this.#elements.values();
  }

  entries(): SetIterator<[T, T]> {
    return this.#elements.entries();
  }

  [Symbol.iterator](): SetIterator<T> {
    return this.#elements.values();
  }

  forEach(callback: (element: T, same: T, set: ReadonlySet<T>) => void, thisArg?: unknown): void {
    for (const element of this.#elements) Reflect.apply(callback, thisArg, [element, element, this]);
  }

  add(): never {
    throw frozen('Set');
  }

  delete(): never {
    throw frozen('Set');
  }

  clear(): never {
    throw frozen('Set');
  }

  /** Printed as a Set; of a copy, so that printing gives nobody the elements themselves. */
  [inspect.custom](): unknown {
    return new Set(this.#elements);
  }

  static {
    // Methods that Node 22 has and Node 20 has not; each gives a new Set or an answer.
    for (const name of ['union', 'intersection', 'difference', 'symmetricDifference', ...comparisons]) {
      const method: unknown = Reflect.get(Set.prototype, name);
      if (typeof method !== 'function') continue;
      const value = function (this: FrozenSet<unknown>, ...given: unknown[]): unknown {
        return Reflect.apply(method, this.#elements, given);
      };
      Object.defineProperty(this.prototype, name, { value });
    }
    standIn(this.prototype, Set.prototype);
  }
}
