import { isInstanceOf } from '../data/foreign-value.js';
import { pairsIn } from '../data/pairs.js';
import { PipelineError } from '../errors/pipeline-error.js';
import type { Key } from './context-key.js';

/** Entries as a plain object, a Map, or a list of pairs. */
export type EntriesSource = Readonly<Record<string, unknown>> | Iterable<readonly [Key, unknown]>;

/**
 * The pairs of an {@link EntriesSource}.
 *
 * @param path where the entries are used, for the error.
 * @throws {@link PipelineError} `CONTEXT_KEY_INVALID` for a symbol as a key, `OPTION_INVALID` for what
 * holds no entries, `CONTEXT_VALUE_INVALID` for an entry that cannot be read.
 */
export function entriesOf(
  given: EntriesSource | undefined,
  path?: string,
): Iterable<readonly [Key, unknown]> {
  const source: unknown = given;
  if (source === undefined) return [];
  if (typeof source !== 'object' || source === null)
    throw noEntries(`a value of type ${typeof source}`, path);
  const pairs = pairsOf(source, path);
  if (pairs === undefined) throw noEntries('a list whose elements are not all pairs', path);
  return pairs as (readonly [Key, unknown])[];
}

function pairsOf(source: object, path: string | undefined): (readonly [unknown, unknown])[] | undefined {
  try {
    return pairsIn(source, 'the entries');
  } catch (cause) {
    if (isInstanceOf(cause, PipelineError)) throw cause;
    throw noEntries('something that cannot be read', path, { cause });
  }
}

function noEntries(
  what: string,
  path: string | undefined,
  more: { readonly cause?: unknown } = {},
): PipelineError {
  return new PipelineError('OPTION_INVALID', {
    path,
    problem: `Entries cannot be read from ${what}.`,
    remedy: 'Give a plain object, a Map, or a list of [key, value] pairs.',
    ...more,
  });
}
