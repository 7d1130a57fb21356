import { decodeData, encodeReadable } from '../data/codec.js';
import { isObject, readProperty } from '../data/foreign-value.js';
import type { JsonObject, JsonValue } from '../data/json-value.js';
import { rule } from '../errors/option-rules.js';
import type { DeadLetterEnvelope, DeadLetterMark } from '../ports/dead-letter-sink.js';
import { isLetter, isMark } from './letter-shape.js';

/** One line of a file of dead letters: a letter, or what a replay says about one. */
export type LetterLine =
  | { readonly kind: 'letter'; readonly id: string; readonly envelope: DeadLetterEnvelope }
  | { readonly kind: 'mark'; readonly id: string; readonly mark: DeadLetterMark };

/**
 * Writes a letter as one line of JSON, without its end.
 *
 * What is no data becomes a readable text; where that is a part of the item, `asText` of the letter says so.
 */
export function letterLine(envelope: DeadLetterEnvelope): string {
  const fields = Object.entries(envelope).filter(([, value]) => value !== undefined);
  const item = encodeReadable(envelope.item);
  const written = fields.map(([name, value]) => [
    name,
    name === 'item' ? item.encoded : fieldOf(name, value),
  ]);
  const places = [...(envelope.asText ?? []), ...item.asText];
  return JSON.stringify({
    ...(Object.fromEntries(written) as JsonObject),
    ...(envelope.item === undefined ? { item: item.encoded } : {}),
    ...(places.length === 0 ? {} : { asText: places }),
  });
}

/** Times are texts that people read; the rest keeps its kind. */
function fieldOf(name: string, value: unknown): JsonValue {
  if (name === 'context' && isObject(value)) return encodeReadable(withTextsNamed(value)).encoded;
  return name === 'failedAt' && rule.date(value) === undefined
    ? new Date(Number(value)).toISOString()
    : encodeReadable(value).encoded;
}

/** Names the entries of which only a text will be kept. */
function withTextsNamed(context: object): object {
  const names = (['parameters', 'properties'] as const).flatMap((kind) => {
    const entries = readProperty(context, kind);
    if (!isObject(entries)) return [];
    return Object.entries(entries)
      .filter(([, value]) => encodeReadable(value).asText.length > 0)
      .map(([name]) => `${kind}.${name}`);
  });
  return names.length === 0 ? context : { ...context, asText: names };
}

/** Writes a mark as one line of JSON, without its end. */
export function markLine(id: string, { outcome, attempts, runId, at }: DeadLetterMark): string {
  return JSON.stringify({ mark: id, outcome, attempts, runId, at });
}

/** Reads a line; undefined for one that is damaged, or holds something else. */
export function readLetterLine(text: string): LetterLine | undefined {
  try {
    const line = JSON.parse(text) as unknown;
    if (!isObject(line)) return undefined;
    const fields = line as Readonly<Record<string, JsonValue>>;
    const { mark } = fields;
    if (typeof mark === 'string') {
      const { mark: _id, ...rest } = fields;
      return isMark(rest) ? { kind: 'mark', id: mark, mark: Object.freeze(rest) } : undefined;
    }
    const entries = Object.entries(fields).map(([name, value]) => [
      name,
      name === 'failedAt' && typeof value === 'string' ? new Date(value) : decodeData(value),
    ]);
    const envelope: unknown = Object.freeze(Object.fromEntries(entries));
    return isLetter(envelope) ? { kind: 'letter', id: envelope.id, envelope } : undefined;
  } catch {
    return undefined;
  }
}
