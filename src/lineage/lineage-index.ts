import type { LineageRecord } from '../ports/lineage-sink.js';
import { pathsOf } from './which-records.js';

interface KeptRecord {
  readonly record: LineageRecord;
  /** Where the record stands in the order of arrival. */
  readonly place: number;
}

interface KeptItem {
  readonly id: string;
  readonly records: KeptRecord[];
}

/** Records in memory, found by item, path and key. */
export class LineageIndex {
  #placed = 0;
  readonly #items = new Map<string, KeptItem>();
  /** The items that have ended, in the order in which they did. */
  readonly #ended = new Set<KeptItem>();
  readonly #byPath = new Map<string, Set<KeptItem>>();
  readonly #byKey = new Map<string, Set<KeptItem>>();

  /** How many items there are. */
  get size(): number {
    return this.#items.size;
  }

  /** Whether there are items that have not ended. */
  get hasUnresolved(): boolean {
    return this.#ended.size < this.#items.size;
  }

  /** Every record, in the order of arrival. */
  get records(): readonly LineageRecord[] {
    return inOrder([...this.#items.values()].flatMap((item) => item.records));
  }

  add(record: LineageRecord): void {
    const { correlationId: id, key, terminal } = record;
    const item = this.#items.get(id) ?? { id, records: [] };
    this.#items.set(id, item);
    item.records.push({ record, place: ++this.#placed });
    for (const path of pathsOf(record)) link(this.#byPath, path, item);
    if (key !== undefined) link(this.#byKey, key, item);
    if (!terminal) return;
    // An item can end again, in a replay.
    this.#ended.delete(item);
    this.#ended.add(item);
  }

  /** Drops the item that ended first, or where none has, the one that came first. */
  dropEldest(): void {
    const [ended] = this.#ended;
    const [item = ended] = ended === undefined ? this.#items.values() : [ended];
    if (item !== undefined) this.#drop(item);
  }

  history(id: string): readonly LineageRecord[] {
    return (this.#items.get(id)?.records ?? []).map(({ record }) => record);
  }

  unresolved(): readonly string[] {
    return [...this.#items.values()].filter((item) => !this.#ended.has(item)).map(({ id }) => id);
  }

  /** The latest record of each item that passed or ended at a node. */
  passedThrough(path: string): readonly LineageRecord[] {
    return inOrder([...(this.#byPath.get(path) ?? [])].flatMap(({ records }) => records.slice(-1)));
  }

  byKey(key: string): readonly LineageRecord[] {
    const records = [...(this.#byKey.get(key) ?? [])].flatMap((item) => item.records);
    return inOrder(records.filter(({ record }) => record.key === key));
  }

  #drop(item: KeptItem): void {
    this.#items.delete(item.id);
    this.#ended.delete(item);
    for (const { record } of item.records) {
      for (const path of pathsOf(record)) unlink(this.#byPath, path, item);
      if (record.key !== undefined) unlink(this.#byKey, record.key, item);
    }
  }
}

function inOrder(records: readonly KeptRecord[]): readonly LineageRecord[] {
  return [...records].sort((a, b) => a.place - b.place).map(({ record }) => record);
}

function link(links: Map<string, Set<KeptItem>>, name: string, item: KeptItem): void {
  const items = links.get(name);
  if (items === undefined) links.set(name, new Set([item]));
  else items.add(item);
}

function unlink(links: Map<string, Set<KeptItem>>, name: string, item: KeptItem): void {
  const items = links.get(name);
  items?.delete(item);
  if (items?.size === 0) links.delete(name);
}
