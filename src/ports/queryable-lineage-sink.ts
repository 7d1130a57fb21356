import type { LineageRecord, LineageSink } from './lineage-sink.js';

/** Which records a sink forgets: those that meet every condition given, of which there is one at least. */
export interface LineageForgetOptions {
  /** Records of this run. */
  readonly runId?: string | undefined;
  /** Records of runs that acted for this tenant. */
  readonly tenantId?: string | undefined;
}

/** Which records a sink drops because of their age. */
export interface LineagePruneOptions {
  /** Records of an earlier moment than this one, in milliseconds since the epoch. */
  readonly before: number;
}

/**
 * A sink that can be asked what it has kept; a sink in memory answers at once, one in a database with a promise.
 *
 * Where an answer is a list of records, the eldest comes first.
 */
export interface QueryableLineageSink extends LineageSink {
  /** All records of one item; an empty list where there is none. */
  history(correlationId: string): readonly LineageRecord[] | PromiseLike<readonly LineageRecord[]>;
  /** The record that says how an item ended; undefined where it has not, or is not known. */
  terminal(correlationId: string): LineageRecord | undefined | PromiseLike<LineageRecord | undefined>;
  /** The ids of the items that have records and no end among them; always none with `capture: 'terminal'`. */
  unresolved(): readonly string[] | PromiseLike<readonly string[]>;
  /** The latest record of each item that passed or ended at the node with this path. */
  passedThrough(path: string): readonly LineageRecord[] | PromiseLike<readonly LineageRecord[]>;
  /** The records with this key: where an output came from, for those who see only the output. */
  byKey(key: string): readonly LineageRecord[] | PromiseLike<readonly LineageRecord[]>;
  /** Drops records by their age; gives how many. */
  prune(options: LineagePruneOptions): number | PromiseLike<number>;
  /** Drops all records of a run, of a tenant, or of a tenant in a run; gives how many. */
  forget(options: LineageForgetOptions): number | PromiseLike<number>;
}

/** A sink that keeps its records outside of the process; every method gives a promise. */
export interface StoredLineageSink extends QueryableLineageSink {
  record(record: LineageRecord): Promise<void>;
  history(correlationId: string): Promise<readonly LineageRecord[]>;
  terminal(correlationId: string): Promise<LineageRecord | undefined>;
  unresolved(): Promise<readonly string[]>;
  passedThrough(path: string): Promise<readonly LineageRecord[]>;
  byKey(key: string): Promise<readonly LineageRecord[]>;
  prune(options: LineagePruneOptions): Promise<number>;
  forget(options: LineageForgetOptions): Promise<number>;
  /** Frees what the sink holds; every later call rejects with `STORE_UNAVAILABLE`. */
  close(): Promise<void>;
}
