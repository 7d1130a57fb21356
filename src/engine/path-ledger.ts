/** A node as the counts of a run name it. */
export interface LedgerEntry {
  readonly path: string;
  readonly nodeId: string;
  readonly pipelineName: string;
  /** Whether its items are worked on by nodes below it. */
  readonly isComposite: boolean;
}

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
