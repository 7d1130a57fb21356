import { pairsIn } from '../data/pairs.js';
import { PipelineError } from '../errors/pipeline-error.js';
import type { Key } from './context-key.js';

/** Entries as a plain object, a Map, or a list of pairs. */
export type EntriesSource = Readonly<Record<string, unknown>> | Iterable<readonly [Key, unknown]>;

/**
 * The pairs of an {@link EntriesSource}.
 *
 * @throws {@link PipelineError} `CONTEXT_KEY_INVALID` for a symbol as a key, `OPTION_INVALID` for what
 * holds no entries, `CONTEXT_VALUE_INVALID` for an entry that cannot be read.
 */
export function entriesOf(given: EntriesSource | undefined): Iterable<readonly [Key, unknown]> {
  const source: unknown = given;
  if (source === undefined) return [];
  if (typeof source !== 'object' || source === null) throw noEntries(`a value of type ${typeof source}`);
  const pairs = pairsOf(source);
  if (pairs === undefined) throw noEntries('a list whose elements are not all pairs');
  return pairs as (readonly [Key, unknown])[];
}

function pairsOf(source: object): (readonly [unknown, unknown])[] | undefined {
  try {
    return pairsIn(source, 'the entries');
  } catch (cause) {
    if (cause instanceof PipelineError) throw cause;
    throw noEntries('something that cannot be read', { cause });
  }
}

function noEntries(what: string, more: { readonly cause?: unknown } = {}): PipelineError {
  return new PipelineError('OPTION_INVALID', {
    problem: `Entries cannot be read from ${what}.`,
    remedy: 'Give a plain object, a Map, or a list of [key, value] pairs.',
    ...more,
  });
}
