import { PipelineError } from '../errors/pipeline-error.js';
import type { Key } from './context-key.js';

/** Entries as a plain object, a Map, or a list of pairs. */
export type EntriesSource = Readonly<Record<string, unknown>> | Iterable<readonly [Key, unknown]>;

/**
 * The pairs of an {@link EntriesSource}.
 *
 * @param path where the entries are used, for the error.
 * @throws {@link PipelineError} `CONTEXT_KEY_INVALID` for a symbol as a key, `OPTION_INVALID` for what holds no entries.
 */
export function entriesOf(
  source: EntriesSource | undefined,
  path?: string,
): Iterable<readonly [Key, unknown]> {
  if (source === undefined) return [];
  if (!isObject(source)) {
    throw noEntries(`a value of type ${typeof source}`, path);
  }
  if (Symbol.iterator in source) return [...(source as Iterable<unknown>)].map((pair) => pairOf(pair, path));
  // Symbols are listed too, so that they are refused instead of lost.
  return Reflect.ownKeys(source)
    .filter((key) => Object.prototype.propertyIsEnumerable.call(source, key))
    .map((key) => [key as string, Reflect.get(source, key)] as const);
}

function pairOf(pair: unknown, path: string | undefined): readonly [Key, unknown] {
  if (Array.isArray(pair) && pair.length === 2) return [pair[0] as Key, pair[1]];
  throw noEntries('a list whose elements are not all pairs', path);
}

function noEntries(what: string, path: string | undefined): PipelineError {
  return new PipelineError('OPTION_INVALID', {
    path,
    problem: `Entries cannot be read from ${what}.`,
    remedy: 'Give a plain object, a Map, or a list of [key, value] pairs.',
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
