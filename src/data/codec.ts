import { inspect, types } from 'node:util';
import { bytesFromText, bytesKind, bytesToText, isBytesKind } from './bytes.js';
import {
  containerKind,
  entriesOfMap,
  hasOwn,
  isInstanceOf,
  prototypeOf,
  valuesOfSet,
} from './foreign-value.js';
import type { JsonObject, JsonValue } from './json-value.js';

/** Marks an encoded value that JSON has no form for: `{ $: kind, value }`. */
const MARK = '$';

/** More levels are refused, so that functions that call themselves for each level do not run out of stack. */
const MOST_LEVELS = 1000;

/** A value that cannot be encoded: which part of it, and why. */
export class NotEncodable extends Error {
  static {
    this.prototype.name = 'NotEncodable';
  }

  /**
   * @param place where the part is, such as `.orders[3].total`; empty for the value itself. Never the part.
   * @param kind what the part is, in words.
   */
  constructor(
    readonly place: string,
    readonly kind: string,
  ) {
    super(`${place === '' ? 'the value' : place} is ${kind}`);
  }
}

/**
 * Writes data as JSON, so that {@link decodeData} makes an equal copy of it.
 *
 * Data are texts, numbers of every kind, bigints, booleans, null, undefined, valid and invalid dates, plain objects
 * (also without a prototype), lists with holes, Maps, Sets and bytes, of any realm. An object that stands in two
 * places is written twice.
 *
 * @throws {@link NotEncodable} for everything else, cycles and more than 1,000 levels included.
 */
export function encodeData(value: unknown): JsonValue {
  const encoding = new Encoding();
  try {
    return encoding.encode(value);
  } catch (thrown) {
    // A proxy or a getter may throw anything.
    throw isInstanceOf(thrown, NotEncodable)
      ? thrown
      : new NotEncodable(encoding.place, 'something that cannot be read');
  }
}

/** What {@link encodeReadable} has written. */
export interface ReadableData {
  readonly encoded: JsonValue;
  /** Where a text stands for a part that is no data, such as `.order.check`; `''` for the value itself. */
  readonly asText: readonly string[];
}

/** Writes data as {@link encodeData} does, and the smallest parts that cannot be encoded as readable texts. */
export function encodeReadable(value: unknown): ReadableData {
  const asText: string[] = [];
  const encoding = new Encoding((place) => asText.push(place));
  return { encoded: encoding.encodeAll(value), asText };
}

/**
 * Makes the data again that {@link encodeData} has written.
 *
 * @throws TypeError for what it has not written.
 */
export function decodeData(encoded: JsonValue): unknown {
  if (typeof encoded !== 'object' || encoded === null) return encoded;
  if (isList(encoded)) return decodeList(encoded);
  const kind = Object.hasOwn(encoded, MARK) ? encoded[MARK] : undefined;
  return kind === undefined
    ? Object.fromEntries(decodeEntries(Object.entries(encoded)))
    : decodeMarked(kind, encoded['value']);
}

function decodeList(encoded: readonly JsonValue[]): unknown[] {
  const list = Array.from<unknown>({ length: encoded.length });
  encoded.forEach((part, index) => {
    if (isHole(part)) Reflect.deleteProperty(list, index);
    else list[index] = decodeData(part);
  });
  return list;
}

function decodeMarked(kind: JsonValue, value: JsonValue | undefined): unknown {
  if (typeof kind === 'string' && typeof value === 'string') {
    if (isBytesKind(kind)) return bytesFromText(kind, value);
    if (kind === 'number') return Number(value);
    if (kind === 'bigint') return BigInt(value);
  }
  if (kind === 'undefined') return undefined;
  if (kind === 'date') return new Date(typeof value === 'number' ? value : Number.NaN);
  if (value !== undefined && isList(value)) {
    if (kind === 'set') return new Set(value.map(decodeData));
    if (kind === 'map') return new Map(value.map((entry) => decodePair(entry)));
    const entries = decodeEntries(value.map(pairOf));
    if (kind === 'object') return Object.fromEntries(entries);
    if (kind === 'bare') return withoutPrototype(entries);
  }
  throw damaged();
}

function decodeEntries(entries: readonly (readonly [JsonValue, JsonValue])[]): [string, unknown][] {
  return entries.map(([key, part]) => {
    if (typeof key !== 'string') throw damaged();
    return [key, decodeData(part)];
  });
}

function decodePair(entry: JsonValue): readonly [unknown, unknown] {
  const [key, value] = pairOf(entry);
  return [decodeData(key), decodeData(value)];
}

function pairOf(entry: JsonValue): readonly [JsonValue, JsonValue] {
  const [key, value] = isList(entry) ? entry : [];
  if (key === undefined || value === undefined) throw damaged();
  return [key, value];
}

function withoutPrototype(entries: readonly (readonly [string, unknown])[]): object {
  const bare = Object.create(null) as object;
  for (const [key, value] of entries) {
    Object.defineProperty(bare, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return bare;
}

function isHole(part: JsonValue): boolean {
  return typeof part === 'object' && part !== null && Reflect.get(part, MARK) === 'hole';
}

function damaged(): TypeError {
  return new TypeError('The encoded data are damaged.');
}

/** One value that is being encoded, and the way to the part that it has come to. */
class Encoding {
  readonly #way: string[] = [];
  readonly #around = new Set<object>();

  /** @param writesText called with the place of a part that becomes a text; without it such a part is refused. */
  constructor(private readonly writesText?: (place: string) => void) {}

  /** The way to the part that is being encoded. */
  get place(): string {
    return this.#way.join('');
  }

  /** Encodes a part; one that cannot be encoded becomes a text, where that is wanted. */
  encodeAll(value: unknown): JsonValue {
    const level = this.#way.length;
    const { size } = this.#around;
    try {
      return this.encode(value);
    } catch (thrown) {
      if (this.writesText === undefined) throw thrown;
      this.#way.length = level;
      for (const left of [...this.#around].slice(size)) this.#around.delete(left);
      this.writesText(this.place);
      return textOf(value);
    }
  }

  encode(value: unknown): JsonValue {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0)
          ? value
          : marked('number', Object.is(value, -0) ? '-0' : String(value));
      case 'bigint':
        return marked('bigint', String(value));
      case 'undefined':
        return marked('undefined', null);
      case 'object':
        return value === null ? null : this.#object(value);
      default:
        throw new NotEncodable(this.place, `a ${typeof value}`);
    }
  }

  #object(value: object): JsonValue {
    if (types.isDate(value)) return this.#date(value);
    const bytes = bytesKind(value);
    if (bytes !== undefined) return marked(bytes, bytesToText(value));
    if (this.#around.has(value)) throw new NotEncodable(this.place, 'part of itself');
    if (this.#around.size >= MOST_LEVELS) throw new NotEncodable(this.place, 'more than 1,000 levels deep');
    this.#around.add(value);
    const encoded = this.#container(value);
    this.#around.delete(value);
    return encoded;
  }

  #container(value: object): JsonValue {
    switch (containerKind(value)) {
      case 'array':
        return this.#list(value as readonly unknown[]);
      case 'map':
        this.#requireNoProperties(value);
        return marked(
          'map',
          Array.from(entriesOfMap(value), ([key, entry], index) => [
            this.#part(`<key ${String(index)}>`, key),
            this.#part(`<entry ${String(index)}>`, entry),
          ]),
        );
      case 'set':
        this.#requireNoProperties(value);
        return marked(
          'set',
          Array.from(valuesOfSet(value), (element, index) =>
            this.#part(`<element ${String(index)}>`, element),
          ),
        );
      case 'object':
        return this.#plain(value);
      default:
        throw new NotEncodable(this.place, 'an instance of a class');
    }
  }

  #plain(value: object): JsonValue {
    const entries = Reflect.ownKeys(value).map((key): readonly [string, JsonValue] => {
      if (typeof key === 'symbol') throw new NotEncodable(this.place, 'an object with a symbol as key');
      return [key, this.#part(`.${key}`, this.#property(value, key))];
    });
    if (prototypeOf(value) === null) return marked('bare', entries);
    return hasOwn(value, MARK) ? marked('object', entries) : Object.fromEntries(entries);
  }

  #list(list: readonly unknown[]): JsonValue {
    const isElement = (key: string | symbol): boolean =>
      typeof key === 'string' && /^(0|[1-9]\d*)$/.test(key) && Number(key) < list.length;
    if (Reflect.ownKeys(list).some((key) => key !== 'length' && !isElement(key)))
      throw new NotEncodable(this.place, 'a list with properties of its own');
    return Array.from({ length: list.length }, (_, index) =>
      Object.hasOwn(list, index)
        ? this.#part(`[${String(index)}]`, this.#property(list, String(index)))
        : marked('hole', null),
    );
  }

  /** Read as data: an accessor may give something else each time, so that it is none. */
  #property(holder: object, key: string): unknown {
    const found = Reflect.getOwnPropertyDescriptor(holder, key);
    if (found === undefined || !('value' in found))
      throw new NotEncodable(`${this.place}.${key}`, 'an accessor');
    return found.value;
  }

  #part(step: string, value: unknown): JsonValue {
    this.#way.push(step);
    // Each level takes as little stack as it can.
    const encoded = this.writesText === undefined ? this.encode(value) : this.encodeAll(value);
    this.#way.pop();
    return encoded;
  }

  #date(value: Date): JsonValue {
    // A subclass has methods that the copy would not have; another realm's Date is a Date.
    const prototype = prototypeOf(value);
    const above = prototype && prototypeOf(prototype);
    if (above === null || prototypeOf(above) !== null)
      throw new NotEncodable(this.place, 'an instance of a class');
    this.#requireNoProperties(value);
    const at = Date.prototype.getTime.call(value);
    return marked('date', Number.isNaN(at) ? null : at);
  }

  #requireNoProperties(value: object): void {
    if (Reflect.ownKeys(value).length > 0)
      throw new NotEncodable(this.place, 'a collection with properties of its own');
  }
}

/** A value that is no data, for people; calls no code of the value. */
function textOf(value: unknown): string {
  try {
    return inspect(value, {
      depth: 4,
      customInspect: false,
      maxArrayLength: 100,
      maxStringLength: 10_000,
      breakLength: Infinity,
    });
  } catch {
    return 'a value that cannot be read';
  }
}

function marked(kind: string, value: JsonValue): JsonObject {
  return { [MARK]: kind, value };
}

function isList(encoded: JsonValue): encoded is readonly JsonValue[] {
  return Array.isArray(encoded);
}
