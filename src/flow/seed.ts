import { frozenCopy } from '../data/frozen-copy.js';
import { isPlainData } from '../data/plain-data.js';
import { wrongUse } from '../errors/option-rules.js';

/** What a fold starts with: a value, or a function that makes one for each execution. */
export type Seed<V> = V | (() => V);

/**
 * Makes what a fold starts with, of the arguments of its operator.
 *
 * @param given the arguments that the operator was called with: a seed of undefined is one.
 * @throws `OPTION_INVALID`, a `PipelineError`, where no seed was given.
 */
export function seedOf<V>(kind: string, given: readonly unknown[]): () => V {
  if (given.length < 2) throw wrongUse(kind, 'a seed as the second argument');
  return seedMaker(kind, given[1] as Seed<V>);
}

/** Makes what a fold starts with, for each of its values. Plain data is copied and frozen deeply, once. */
export function seedMaker<V>(kind: string, seed: Seed<V>): () => V {
  if (typeof seed === 'function') return seed as () => V;
  const value = isPlainData(seed) ? frozenCopy<V>(seed, 'the seed', kind) : seed;
  return () => value;
}
