import { frozenCopy } from '../data/frozen-copy.js';
import { keyName } from './context-key.js';
import type { Key } from './context-key.js';
import type { DictionaryKind } from './dictionary-kind.js';
import { keySchema } from './key-schema.js';
import type { KeySchema } from './key-schema.js';
import type { Entry } from './layer.js';

/** The entry that setting a value through a key makes. */
export function entryThrough(key: Key, value: unknown, kind: DictionaryKind, path: string): Entry {
  const schema = schemaOf(key);
  if (schema !== undefined) return schema.entry(value, kind, path);
  const isKept = kind === 'items' || typeof value !== 'object';
  return { value: isKept ? value : frozenCopy(value, kind, keyName(key), path), path };
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
