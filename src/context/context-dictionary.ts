import { inspect } from 'node:util';
import { PipelineError } from '../errors/pipeline-error.js';
import { keyNameAt } from './context-key.js';
import type { ContextKey, Key } from './context-key.js';
import type { DictionaryKind } from './dictionary-kind.js';
import { entriesOf } from './entries-source.js';
import type { EntriesSource } from './entries-source.js';
import { entryThrough, valueThrough } from './key-value.js';
import { DELETED, stack } from './layer.js';
import type { Entry, Layer } from './layer.js';
import { isLinkageKey, linkageReaders, refuseLinkageKey } from './parent-linkage.js';
import type { ParentLinkage } from './parent-linkage.js';
import { applyRecipe } from '../data/recipe.js';
import type { Recipe } from '../data/recipe.js';
import { withEntry, writtenEntry, writtenMap } from './written-entries.js';
import type { WrittenEntries } from './written-entries.js';

/** What a dictionary needs to know of the context it belongs to. */
export interface DictionaryOwner {
  readonly path: string;
  readonly parentLinkage: ParentLinkage | undefined;
  /** Called with every write. */
  changed(): void;
  /** A hint for the error of a missing key: where it is, and how it would be passed. */
  hintFor(kind: DictionaryKind, name: string): string | undefined;
}

// No public object leads to these: a layer is shared with contexts that its holder must not reach.

/** The entry of a name, with the path that set it; undefined where there is none. */
export let entryOf: (dictionary: ContextDictionary, name: string) => Entry | undefined;

/** The dictionary of a kind, among those of one context that the given one leads to; undefined where none was made. */
export let dictionaryAmong: (
  last: ContextDictionary | undefined,
  kind: DictionaryKind,
) => ContextDictionary | undefined;

/** Whether a name holds an entry that no child inherits. */
export let isLocalEntry: (dictionary: ContextDictionary, name: string) => boolean;

/** What a child can inherit, as it is now; later writes go above it. */
export let sealedLayer: (dictionary: ContextDictionary) => Layer;

/** Sets every entry of an object, a Map or a list. */
export let setEntries: (dictionary: ContextDictionary, source: EntriesSource | undefined) => void;

/** The entries that no child inherits, as they are now; undefined where there are none. */
export let localEntriesOf: (dictionary: ContextDictionary) => Map<string, Entry> | undefined;

/** Gives a dictionary the entries that no child inherits, to keep. */
export let takeLocalEntries: (dictionary: ContextDictionary, local: Map<string, Entry>) => void;

/**
 * One of the three dictionaries of a context.
 *
 * What is written here is never visible in the parent, nor in another child. Values of `parameters` and
 * `properties` are data: copied and frozen when set. Values of `items` are kept by reference.
 *
 * @example
 * {@includeCode ../../examples/api/context-dictionary.ts}
 */
export class ContextDictionary {
  static {
    entryOf = (dictionary, name) => {
      const written = dictionary.#local?.get(name) ?? writtenEntry(dictionary.#written, name);
      if (written !== undefined) return written === DELETED ? undefined : written;
      return dictionary.#base.get(name);
    };
    dictionaryAmong = (last, kind) => {
      let each = last;
      while (each !== undefined && each.#kind !== kind) each = each.#madeBefore;
      return each;
    };
    isLocalEntry = (dictionary, name) => dictionary.#local?.has(name) === true;
    sealedLayer = (dictionary) => {
      if (dictionary.#written !== undefined) {
        dictionary.#base = stack(dictionary.#base, writtenMap(dictionary.#written));
        dictionary.#written = undefined;
      }
      return dictionary.#base;
    };
    setEntries = (dictionary, source) => {
      for (const [key, value] of entriesOf(source, dictionary.#owner.path))
        dictionary.set(key as string, value);
    };
    localEntriesOf = (dictionary) => dictionary.#local && new Map(dictionary.#local);
    takeLocalEntries = (dictionary, local) => {
      dictionary.#local = local;
    };
  }

  readonly #owner: DictionaryOwner;
  readonly #kind: DictionaryKind;
  /** Another one of the same context: most have one, so that a list would cost more than it holds. */
  readonly #madeBefore: ContextDictionary | undefined;
  #base: Layer;
  #written: WrittenEntries | undefined;
  #local: Map<string, Entry> | undefined;

  /** @hidden */
  constructor(owner: DictionaryOwner, kind: DictionaryKind, base: Layer, madeBefore?: ContextDictionary) {
    this.#owner = owner;
    this.#kind = kind;
    this.#madeBefore = madeBefore;
    this.#base = base;
  }

  /**
   * The value, else the key's default, else undefined.
   *
   * @throws {@link PipelineError} `CONTEXT_VALUE_INVALID` when the key's schema refuses what stands under its name.
   */
  get<T, TAbsent>(key: ContextKey<T, TAbsent, unknown>): T | TAbsent;
  get<T = unknown>(key: string): T | undefined;
  get(key: Key): unknown {
    const name = keyNameAt(this.#owner.path, key);
    const linkage = ContextDictionary.#linkageOf(this, name);
    if (linkage !== undefined) return linkage;
    const entry = entryOf(this, name);
    if (entry !== undefined) return valueThrough(key, entry, this.#kind, this.#owner.path);
    return typeof key === 'string' ? undefined : key.default;
  }

  /**
   * The value, else the key's default.
   *
   * @throws {@link PipelineError} `CONTEXT_KEY_MISSING` when the entry is absent and the key has no default, and
   * `CONTEXT_VALUE_INVALID` when the key's schema refuses the entry.
   */
  require<T>(key: ContextKey<T, unknown, unknown>): T;
  require<T = unknown>(key: string): T;
  require(key: Key): unknown {
    const name = keyNameAt(this.#owner.path, key);
    const linkage = ContextDictionary.#linkageOf(this, name);
    if (linkage !== undefined) return linkage;
    const entry = entryOf(this, name);
    if (entry !== undefined) return valueThrough(key, entry, this.#kind, this.#owner.path);
    if (typeof key !== 'string' && key.hasDefault) return key.default;
    throw new PipelineError('CONTEXT_KEY_MISSING', {
      path: this.#owner.path,
      problem: `There is no '${name}' in the context's ${this.#kind}.`,
      remedy: this.#owner.hintFor(this.#kind, name) ?? 'Set it before it is read, or give its key a default.',
    });
  }

  /** Whether the entry is present; a default does not count. */
  has(key: Key): boolean {
    const name = keyNameAt(this.#owner.path, key);
    return ContextDictionary.#linkageOf(this, name) !== undefined || entryOf(this, name) !== undefined;
  }

  /**
   * Sets an entry; data is copied deeply and frozen, so the caller's object stays its own. A key's schema parses first.
   *
   * @throws {@link PipelineError} `CONTEXT_KEY_INVALID` when the key is no valid name or is a linkage key,
   * `CONTEXT_VALUE_INVALID` for data of more than 1,000 levels, or that cannot be read, and where the key's schema refuses
   * the value.
   */
  set<TInput>(key: ContextKey<unknown, unknown, TInput>, value: NoInfer<TInput>): this;
  set(key: string, value: unknown): this;
  set(key: Key, value: unknown): this {
    const name = keyNameAt(this.#owner.path, key);
    return ContextDictionary.#put(this, key, name, value, typeof key !== 'string' && key.local);
  }

  // Static, as are all private methods: one that is not would cost every instance a mark.
  static #put<TDictionary extends ContextDictionary>(
    dictionary: TDictionary,
    key: Key,
    name: string,
    value: unknown,
    isLocal: boolean,
  ): TDictionary {
    const { path } = dictionary.#owner;
    refuseLinkageKey(dictionary.#kind, name, path);
    const entry = entryThrough(key, name, value, dictionary.#kind, path);
    if (isLocal) {
      dictionary.delete(name);
      (dictionary.#local ??= new Map()).set(name, entry);
    } else {
      dictionary.#local?.delete(name);
      dictionary.#written = withEntry(dictionary.#written, entry);
    }
    dictionary.#owner.changed();
    return dictionary;
  }

  /**
   * Changes a value copy-on-write: the recipe changes a draft, or returns the new value.
   *
   * If the recipe changed the draft, its return value is ignored. An absent entry starts from the key's default.
   * The new value is set as {@link set} does it, so a key's schema parses it.
   *
   * @throws {@link PipelineError} as {@link set} does, `CONTEXT_RECIPE_ASYNC` when the recipe returns a promise.
   */
  update<T, TResult = unknown>(key: ContextKey<T, unknown, unknown>, recipe: Recipe<T, TResult>): this;
  update<T = unknown, TResult = unknown>(key: string, recipe: Recipe<T, TResult>): this;
  update(key: Key, recipe: Recipe<unknown>): this {
    const name = keyNameAt(this.#owner.path, key);
    const isLocal = this.#local?.has(name) === true || (typeof key !== 'string' && key.local);
    const value = applyRecipe(
      this.get(key as string),
      recipe,
      `'${name}' in ${this.#kind}`,
      this.#owner.path,
    );
    return ContextDictionary.#put(this, key, name, value, isLocal);
  }

  /** Removes an entry and tells whether it was there; an inherited one disappears here only. */
  delete(key: Key): boolean {
    const name = keyNameAt(this.#owner.path, key);
    if (isLinkageKey(this.#kind, name)) return false;
    const existed = entryOf(this, name) !== undefined;
    this.#local?.delete(name);
    const isInherited = this.#base.get(name) !== undefined;
    if (isInherited || this.#written !== undefined) {
      const written = writtenMap(this.#written);
      if (isInherited) written.set(name, DELETED);
      else written.delete(name);
      this.#written = written;
    }
    this.#owner.changed();
    return existed;
  }

  /** The names, as they are now. */
  keys(): IterableIterator<string> {
    return new Map(ContextDictionary.#all(this)).keys();
  }

  /** The values, as they are now. */
  values(): IterableIterator<unknown> {
    return [...ContextDictionary.#all(this).values()].map(({ value }) => value).values();
  }

  /** Names and values, as they are now. */
  entries(): IterableIterator<[string, unknown]> {
    return [...ContextDictionary.#all(this)]
      .map(([name, { value }]): [string, unknown] => [name, value])
      .values();
  }

  /** How many entries there are. */
  get size(): number {
    return ContextDictionary.#all(this).size;
  }

  /** The same as {@link entries}, for `for ... of` and `new Map(...)`. */
  [Symbol.iterator](): IterableIterator<[string, unknown]> {
    return this.entries();
  }

  /** The entries as a plain object. */
  toObject(): Record<string, unknown> {
    return Object.fromEntries(this.entries());
  }

  /** The same as {@link toObject}. */
  toJSON(): Record<string, unknown> {
    return this.toObject();
  }

  /** @internal The names only: values may be secret. */
  [inspect.custom](): string {
    return `ContextDictionary(${this.#kind}) { ${[...ContextDictionary.#all(this).keys()].join(', ')} }`;
  }

  static #all(dictionary: ContextDictionary): ReadonlyMap<string, Entry> {
    const shared = sealedLayer(dictionary).all();
    const local = dictionary.#local;
    return local === undefined || local.size === 0 ? shared : new Map([...shared, ...local]);
  }

  static #linkageOf(dictionary: ContextDictionary, name: string): string | undefined {
    if (!isLinkageKey(dictionary.#kind, name)) return undefined;
    const parent = dictionary.#owner.parentLinkage; // made when asked for
    return parent && linkageReaders.get(name)?.(parent);
  }
}
