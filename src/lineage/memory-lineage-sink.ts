import type { LineageRecord, LineageSink } from '../ports/lineage-sink.js';

/**
 * Keeps lineage records in memory, all of them until {@link clear}: for tests and small runs.
 *
 * @example
 * {@includeCode ../../examples/api/memory-lineage-sink.ts}
 */
export class MemoryLineageSink implements LineageSink {
  readonly #records: LineageRecord[] = [];

  /** Every record, in the order of their arrival. */
  get records(): readonly LineageRecord[] {
    return this.#records;
  }

  /** Keeps one record; a run calls it, once per item that has ended. */
  record(record: LineageRecord): void {
    this.#records.push(record);
  }

  /** The records of one item. */
  history(correlationId: string): readonly LineageRecord[] {
    return this.#records.filter((record) => record.correlationId === correlationId);
  }

  /** The record that says how an item ended; undefined while it has not. */
  terminal(correlationId: string): LineageRecord | undefined {
    return this.#records.find((record) => record.terminal && record.correlationId === correlationId);
  }

  /** The records of all items that passed or ended at a node. */
  passedThrough(path: string): readonly LineageRecord[] {
    return this.#records.filter(
      (record) => record.path === path || record.traversal.some((hop) => hop.path === path),
    );
  }

  /** Forgets every record, so that one sink can serve the next test. */
  clear(): void {
    this.#records.length = 0;
  }
}
