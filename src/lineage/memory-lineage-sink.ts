import { checkOptions, rule } from '../errors/option-rules.js';
import type { LineageRecord } from '../ports/lineage-sink.js';
import type {
  LineageForgetOptions,
  LineagePruneOptions,
  QueryableLineageSink,
} from '../ports/queryable-lineage-sink.js';
import { LineageIndex } from './lineage-index.js';
import { forgetConditions, isForgotten, pruneLimit } from './which-records.js';

/** How much a {@link MemoryLineageSink} keeps. */
export interface MemoryLineageSinkOptions {
  /**
   * The most items whose records are kept, default 10,000. Of more, those that ended first are dropped, and where none
   * has ended, those that came first. Twice as many can be held for a while.
   */
  readonly maxItems?: number | undefined;
}

/**
 * Keeps the lineage records of the latest items in memory, and answers questions about them.
 *
 * @example
 * {@includeCode ../../examples/api/memory-lineage-sink.ts}
 */
export class MemoryLineageSink implements QueryableLineageSink {
  readonly #maxItems: number;
  /** The latest records. They are found by nothing until somebody asks: in a run that costs more than to keep them. */
  #latest: LineageRecord[] = [];
  #index = new LineageIndex();

  /** @throws {@link PipelineError} `OPTION_INVALID`. */
  constructor(options: MemoryLineageSinkOptions = {}) {
    checkOptions('MemoryLineageSink', options, { maxItems: rule.positiveInteger });
    this.#maxItems = options.maxItems ?? 10_000;
  }

  /** Every record that is kept, in the order of arrival. */
  get records(): readonly LineageRecord[] {
    return this.#indexed().records;
  }

  /** Keeps one record; runs call this. */
  record(record: LineageRecord): void {
    this.#latest.push(record);
    if (this.#latest.length >= 2 * this.#maxItems) this.#trim();
  }

  /** All records of one item, the eldest first. */
  history(correlationId: string): readonly LineageRecord[] {
    return this.#indexed().history(correlationId);
  }

  /** The record that says how an item ended; of an item that ended again in a replay, the latest one. */
  terminal(correlationId: string): LineageRecord | undefined {
    return this.history(correlationId)
      .filter((record) => record.terminal)
      .at(-1);
  }

  /** The ids of the items that have records and no end among them; always none with `capture: 'terminal'`. */
  unresolved(): readonly string[] {
    return this.#indexed().unresolved();
  }

  /** The latest record of each item that passed or ended at the node with this path, the eldest first. */
  passedThrough(path: string): readonly LineageRecord[] {
    return this.#indexed().passedThrough(path);
  }

  /** The records with this key, the eldest first: where an output came from, for those who see only the output. */
  byKey(key: string): readonly LineageRecord[] {
    return this.#indexed().byKey(key);
  }

  /**
   * Drops the records of before a moment; gives how many.
   *
   * @throws {@link PipelineError} `OPTION_INVALID`.
   */
  prune(options: LineagePruneOptions): number {
    const before = pruneLimit(options);
    return this.#keepOnly((record) => record.at >= before);
  }

  /**
   * Drops all records of a run, of a tenant, or of a tenant in a run; gives how many.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` where neither is given.
   */
  forget(options: LineageForgetOptions): number {
    const conditions = forgetConditions(options);
    return this.#keepOnly((record) => !isForgotten(record, conditions));
  }

  /** Forgets every record, so that one sink can serve the next test. */
  clear(): void {
    this.#keepOnly(() => false);
  }

  #keepOnly(isKept: (record: LineageRecord) => boolean): number {
    const { records } = this;
    this.#index = new LineageIndex();
    this.#latest = records.filter(isKept);
    return records.length - this.#latest.length;
  }

  /** Where every item has ended, the latest records are those to keep: nothing has to be looked up for that. */
  #trim(): void {
    if (this.#index.hasUnresolved || !this.#latest.every((record) => record.terminal)) {
      this.#indexed();
      return;
    }
    this.#index = new LineageIndex();
    this.#latest = this.#latest.slice(-this.#maxItems);
  }

  /** The index of all records that are to be kept. */
  #indexed(): LineageIndex {
    for (const record of this.#latest) {
      this.#index.add(record);
      if (this.#index.size > this.#maxItems) this.#index.dropEldest();
    }
    this.#latest = [];
    return this.#index;
  }
}
