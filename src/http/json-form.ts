import { types } from 'node:util';
import { bytesKind, bytesToText } from '../data/bytes.js';
import { containerKind, entriesOfMap, valuesOfSet } from '../data/foreign-value.js';
import type { JsonValue } from '../data/json-value.js';

/**
 * Data as JSON for people and programs that know nothing of this library: dates as ISO 8601, bigints as texts, Maps as
 * lists of entries, Sets as lists, bytes in base64. What JSON has no form for is null, or left out of objects.
 */
export function jsonForm(value: unknown): JsonValue | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : null;
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? null : formOfObject(value);
    default:
      return undefined;
  }
}

/** A moment in milliseconds as ISO 8601; null for one that no calendar has. */
export function isoTime(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function formOfObject(value: object): JsonValue | undefined {
  if (types.isDate(value)) return isoTime(Date.prototype.getTime.call(value));
  if (bytesKind(value) !== undefined) return bytesToText(value);
  switch (containerKind(value)) {
    case 'array':
      return listOf(value as readonly unknown[]);
    case 'map':
      return Array.from(entriesOfMap(value), listOf);
    case 'set':
      return listOf([...valuesOfSet(value)]);
    case 'object':
      return Object.fromEntries(
        Object.entries(value).flatMap(([key, part]): [string, JsonValue][] => {
          const form = jsonForm(part);
          return form === undefined ? [] : [[key, form]];
        }),
      );
    default:
      return undefined;
  }
}

function listOf(parts: readonly unknown[]): JsonValue[] {
  return Array.from(parts, (part) => jsonForm(part) ?? null);
}
