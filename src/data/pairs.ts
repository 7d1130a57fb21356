import { isArray } from './foreign-value.js';
import { valueInvalid } from './frozen-copy.js';

/**
 * The pairs of an object, a Map or a list of pairs, each read once; undefined for a list of something else.
 *
 * Symbols are among the names of an object, so that they can be refused instead of being lost.
 *
 * @param holder what is read, for the error.
 * @throws {@link PipelineError} `CONTEXT_VALUE_INVALID` for an entry of an object that cannot be read; what an
 * iterable, or asking the object for its names, throws.
 */
export function pairsIn(source: object, holder: string): (readonly [unknown, unknown])[] | undefined {
  if (Symbol.iterator in source) {
    const pairs = [...(source as Iterable<unknown>)];
    return pairs.every(isPair) ? pairs : undefined;
  }
  return Reflect.ownKeys(source)
    .filter((key) => Object.prototype.propertyIsEnumerable.call(source, key))
    .map((key) => [key, valueOf(source, key, holder)] as const);
}

function valueOf(source: object, key: PropertyKey, holder: string): unknown {
  try {
    return Reflect.get(source, key);
  } catch (cause) {
    throw valueInvalid({ holder, key: String(key) }, cause);
  }
}

function isPair(pair: unknown): pair is readonly [unknown, unknown] {
  return isArray(pair) && pair.length === 2;
}
