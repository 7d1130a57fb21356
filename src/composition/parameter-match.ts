import { isDeepStrictEqual } from 'node:util';
import type { EntryReader, ParameterReads } from '../builder/definition-context.js';

/** Whether what `define` read of the parameters is still what it would read now. */
export function matchesReads(reads: ParameterReads, parameters: EntryReader): boolean {
  for (const [name, read] of reads) {
    const now = parameters.get(name);
    if (now === read) continue;
    if (now === undefined || read === undefined || !isDeepStrictEqual(now.value, read.value)) return false;
  }
  return true;
}
