import type { Entry } from './layer.js';

/** An entry that a context has set; while there are few, each leads to the one that was set before. */
export class WrittenEntry implements Entry {
  before: WrittenEntry | undefined = undefined;

  constructor(
    readonly name: string,
    readonly value: unknown,
    readonly path: string,
  ) {}
}

/** What one context has written to a dictionary: a chain from the last entry, as most write few, or a Map in order. */
export type WrittenEntries = WrittenEntry | Map<string, Entry>;

/** Number of entries above which a chain becomes a Map, in which a name is found faster. */
const MOST_IN_CHAIN = 8;

/** The entry of a name, also a mark that it was deleted; undefined where nothing was written. */
export function writtenEntry(written: WrittenEntries | undefined, name: string): Entry | undefined {
  let entry = written;
  while (entry instanceof WrittenEntry) {
    if (entry.name === name) return entry;
    entry = entry.before;
  }
  return entry?.get(name);
}

/** Adds an entry, in the place of an earlier one of its name; gives what is written then. */
export function withEntry(written: WrittenEntries | undefined, entry: WrittenEntry): WrittenEntries {
  if (written === undefined) return entry;
  if (!(written instanceof WrittenEntry)) return written.set(entry.name, entry);
  let length = 0;
  let later: WrittenEntry | undefined;
  for (let each: WrittenEntry | undefined = written; each !== undefined; later = each, each = each.before) {
    length += 1;
    if (each.name !== entry.name) continue;
    entry.before = each.before;
    if (later === undefined) return entry;
    later.before = entry;
    return written;
  }
  if (length === MOST_IN_CHAIN) return writtenMap(written).set(entry.name, entry);
  entry.before = written;
  return entry;
}

/** All that is written, as the Map in which it is from now on. */
export function writtenMap(written: WrittenEntries | undefined): Map<string, Entry> {
  const chain: WrittenEntry[] = [];
  let rest = written;
  for (; rest instanceof WrittenEntry; rest = rest.before) chain.push(rest);
  if (rest !== undefined) return rest;
  // Entries live on in the layers of children: they must not keep those that others have replaced by then.
  for (const entry of chain) entry.before = undefined;
  return new Map(chain.reverse().map((entry) => [entry.name, entry]));
}
