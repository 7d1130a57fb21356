import { SKIP, type Skip } from 'heirline';
import {
  dictionaries,
  keys,
  type DictionaryName,
  type Inheritance,
  type KeyName,
  type Selection,
  type Work,
} from './twin-spec.js';

/** An item; nodes make a new one of each that they get. */
export interface TwinItem {
  readonly value: number;
  /** The way it went: within one way the order of items is promised. */
  readonly tag: string;
}

/** What the nodes of a pipeline write and read: the contexts of the library, or those of the model. */
export interface Entries {
  get(dictionary: DictionaryName, key: KeyName): unknown;
  set(dictionary: DictionaryName, key: KeyName, value: number): void;
}

/** How often a node has been tried with an item: the items are told apart as objects. */
export class Tries {
  readonly #byPath = new Map<string, WeakMap<TwinItem, number>>();

  next(path: string, item: TwinItem): number {
    const known = this.#byPath.get(path) ?? new WeakMap<TwinItem, number>();
    this.#byPath.set(path, known);
    const tries = (known.get(item) ?? 0) + 1;
    known.set(item, tries);
    return tries;
  }
}

/** The end of a node's work, after whatever it waited for. */
export function workOn(
  work: Work,
  tag: string,
  item: TwinItem,
  tries: number,
  calls: number,
  entries: Entries,
): TwinItem | Skip {
  const { value } = item;
  if (work.throws > 0 && value % work.throws === 0 && tries <= work.times) {
    throw new RangeError(`${value} does not work`);
  }
  if (work.skip > 0 && value % work.skip === 0) return SKIP;
  const read = work.reads ? digest(entries) : 0;
  return { value: (value + work.add + read + (work.counts ? calls : 0)) % 1_009, tag: item.tag + tag };
}

/** One number for all that is in the dictionaries. */
function digest(entries: Entries): number {
  let sum = 0;
  for (const dictionary of dictionaries) {
    for (const key of keys)
      sum = (sum * 31 + ((entries.get(dictionary, key) as number | undefined) ?? 7)) % 1_009;
  }
  return sum;
}

/** The dictionaries that a run starts with. */
export const rootEntries: Record<DictionaryName, Partial<Record<KeyName, number>>> = {
  parameters: { a: 11, b: 12 },
  items: { a: 21, c: 23 },
  properties: { b: 32, c: 33 },
};

/** The keys that a selection takes, by the child's name. */
export const selections = {
  pick: { pick: ['a', 'b'] },
  omit: { omit: ['a'] },
  rename: { rename: { x: 'a' } },
} as const;

/** The explicit values for a child. */
export function explicitEntries(
  { with: explicit }: Inheritance,
  item: TwinItem,
): Partial<Record<DictionaryName, Partial<Record<KeyName, number>>>> {
  if (explicit === 'fixed') return { parameters: { a: 51 }, items: { x: 52 } };
  return explicit === 'perItem' ? { parameters: { b: item.value }, properties: { x: item.value + 1 } } : {};
}

/** Dictionaries as plain maps. */
export class PlainEntries implements Entries {
  readonly #maps: Record<DictionaryName, Map<KeyName, number>>;

  constructor(given: Record<DictionaryName, Iterable<readonly [KeyName, number]>>) {
    this.#maps = {
      parameters: new Map(given.parameters),
      items: new Map(given.items),
      properties: new Map(given.properties),
    };
  }

  static ofRoot(): PlainEntries {
    return new PlainEntries({
      parameters: entriesOf(rootEntries.parameters),
      items: entriesOf(rootEntries.items),
      properties: entriesOf(rootEntries.properties),
    });
  }

  get(dictionary: DictionaryName, key: KeyName): number | undefined {
    return this.#maps[dictionary].get(key);
  }

  set(dictionary: DictionaryName, key: KeyName, value: number): void {
    this.#maps[dictionary].set(key, value);
  }

  /** What a child starts with. */
  derive(inherits: Inheritance, item: TwinItem): PlainEntries {
    const child = new PlainEntries({
      parameters: selected(this.#maps.parameters, inherits.parameters),
      items: selected(this.#maps.items, inherits.items),
      properties: selected(this.#maps.properties, inherits.properties),
    });
    const explicit = explicitEntries(inherits, item);
    for (const dictionary of dictionaries) {
      for (const [key, value] of entriesOf(explicit[dictionary] ?? {})) child.set(dictionary, key, value);
    }
    return child;
  }
}

function entriesOf(record: Partial<Record<KeyName, number>>): [KeyName, number][] {
  return keys.flatMap((key): [KeyName, number][] => {
    const value = record[key];
    return value === undefined ? [] : [[key, value]];
  });
}

function selected(parent: ReadonlyMap<KeyName, number>, selection: Selection): [KeyName, number][] {
  const all = [...parent];
  if (typeof selection === 'boolean') return selection ? all : [];
  if (selection === 'pick') return all.filter(([key]) => key === 'a' || key === 'b');
  if (selection === 'omit') return all.filter(([key]) => key !== 'a');
  const renamed = parent.get('a');
  return renamed === undefined ? [] : [['x', renamed]];
}
