/** A node as the counts of a run name it. */
export interface LedgerEntry {
  readonly path: string;
  readonly nodeId: string;
  readonly pipelineName: string;
  /** Whether its items are worked on by nodes below it. */
  readonly isComposite: boolean;
}

/** Of each composite 32 plans are kept: twice as many variants leave room for those that runs under way still use. */
const MOST_VARIANTS = 64;
/** Small trees may grow by so many nodes more. */
const SPARE_NUMBERS = 500;

/** Nodes in a row that are counted together. */
export interface SegmentEntry {
  /** Their numbers, in their order. */
  readonly nodes: readonly number[];
  /** Whether the last one is a sink, which nothing leaves. */
  readonly hasSink: boolean;
}

/** Numbers the nodes of a tree of plans by path, so that a run counts in an array; a child defined again keeps its numbers. */
export class PathLedger {
  readonly #entries: LedgerEntry[] = [];
  readonly #indexes = new Map<string, number>();

  readonly #segments: SegmentEntry[] = [];
  readonly #segmentIndexes = new Map<string, number>();

  /** How many nodes the tree has, as it was compiled first. */
  #size: number | undefined;

  /**
   * Whether most of the numbers are those of nodes that are not there any more: names that a child takes from a
   * parameter are other names for every value. Then the whole tree is compiled anew, with a ledger of its own.
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

  /** Numbers a segment by its nodes: the same nodes, compiled again, keep their number. */
  segmentOf(entry: SegmentEntry): number {
    const key = `${entry.nodes.join()}${entry.hasSink ? '.' : ''}`;
    const known = this.#segmentIndexes.get(key);
    if (known !== undefined) return known;
    this.#segmentIndexes.set(key, this.#segments.length);
    return this.#segments.push(entry) - 1;
  }
}
