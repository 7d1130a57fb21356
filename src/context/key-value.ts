import { frozenCopy } from '../data/frozen-copy.js';
import type { Key } from './context-key.js';
import type { DictionaryKind } from './dictionary-kind.js';
import { keySchema } from './key-schema.js';
import type { KeySchema } from './key-schema.js';
import type { Entry } from './layer.js';
import { WrittenEntry } from './written-entries.js';

/**
 * The entry that setting a value through a key makes.
 *
 * @param name the name of the key.
 */
export function entryThrough(
  key: Key,
  name: string,
  value: unknown,
  kind: DictionaryKind,
  path: string,
): WrittenEntry {
  const schema = schemaOf(key);
  if (schema !== undefined) return schema.entry(value, kind, path);
  const isKept = kind === 'items' || typeof value !== 'object';
  return new WrittenEntry(name, isKept ? value : frozenCopy(value, kind, name, path), path);
}

/** The value of an entry that is read through a key. */
export function valueThrough(key: Key, entry: Entry, kind: DictionaryKind, path: string): unknown {
  const schema = schemaOf(key);
  return schema === undefined ? entry.value : schema.read(entry, kind, path);
}

/** The schema of a key; undefined where it has none. */
export function schemaOf(key: Key): KeySchema | undefined {
  return typeof key === 'string' ? undefined : key[keySchema];
}
