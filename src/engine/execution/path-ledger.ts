/** A node as it is named in the counts of a run. */
export interface LedgerEntry {
  readonly path: string;
  readonly nodeId: string;
  readonly pipelineName: string;
  /** True for a composite: its items are processed by the nodes of a child. */
  readonly isComposite: boolean;
}

/**
 * Variants of the tree that may be numbered.
 *
 * Twice the 32 plans kept per composite, since active runs may use old plans.
 */
const MOST_VARIANTS = 64;
/** Numbers allowed beyond the limit of variants, so that small trees are not compiled again too often. */
const SPARE_NUMBERS = 500;

/** Nodes in a row that are counted together. */
export interface SegmentEntry {
  /** The nodes' numbers, in the order of the segment. */
  readonly nodes: readonly number[];
  /** True if the last node is a sink: nothing is emitted from there. */
  readonly hasSink: boolean;
}

/**
 * Numbers the nodes of a tree of plans by path, so that a run keeps its counts in an array.
 *
 * A node of a child that is defined again keeps its number.
 */
export class PathLedger {
  readonly #entries: LedgerEntry[] = [];
  readonly #indexes = new Map<string, number>();

  readonly #segments: SegmentEntry[] = [];
  readonly #segmentIndexes = new Map<string, number>();

  /** Number of nodes when the tree was first compiled. */
  #size: number | undefined;

  /**
   * True once most numbers belong to nodes that no longer exist. The tree is then compiled again with a new ledger.
   *
   * Happens where a child builds node ids from a parameter: each value gives new paths.
   */
  get isOutgrown(): boolean {
    this.#size ??= this.#entries.length;
    return this.#entries.length > MOST_VARIANTS * this.#size + SPARE_NUMBERS;
  }

  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  indexOf(entry: LedgerEntry): number {
    const known = this.#indexes.get(entry.path);
    if (known !== undefined) return known;
    this.#indexes.set(entry.path, this.#entries.length);
    return this.#entries.push(entry) - 1;
  }

  get segments(): readonly SegmentEntry[] {
    return this.#segments;
  }

  /** Returns the number of a segment; the same nodes compiled again get the same number. */
  segmentOf(entry: SegmentEntry): number {
    const key = `${entry.nodes.join()}${entry.hasSink ? '.' : ''}`;
    const known = this.#segmentIndexes.get(key);
    if (known !== undefined) return known;
    this.#segmentIndexes.set(key, this.#segments.length);
    return this.#segments.push(entry) - 1;
  }
}
