import { NodeCounter } from './node-counter.js';
import type { NodeCounts } from '../../ports/node-counts.js';
import type { LedgerEntry, PathLedger } from './path-ledger.js';
import { Tally } from './tally.js';

/** The counts of all nodes of a run, or of one execution and those below it. */
export class Counts {
  readonly #ledger: PathLedger;
  readonly #counters: (NodeCounter | undefined)[] = [];
  readonly #tallies: (Tally | undefined)[] = [];
  /** Counts of single executions that go on; made when first needed. */
  #inner: Set<Counts> | undefined;
  /** Takes what is counted once these counts have been handed on. */
  #outer: Counts | undefined;

  constructor(ledger: PathLedger) {
    this.#ledger = ledger;
  }

  /** The counts of a node; made when the node is first met, since other runs may describe nodes that this one has not. */
  counter(index: number): NodeCounter {
    return this.#counters[index] ?? this.#newCounter(index);
  }

  #newCounter(index: number): NodeCounter {
    if (this.#outer !== undefined) return this.#outer.counter(index);
    const entry = this.#ledger.entries[index];
    const counter = new NodeCounter(entry?.nodeId ?? '', entry?.pipelineName ?? '');
    this.#counters[index] = counter;
    return counter;
  }

  /** How far the items of a segment came. */
  tally(segment: number): Tally {
    return this.#tallies[segment] ?? this.#newTally(segment);
  }

  #newTally(segment: number): Tally {
    if (this.#outer !== undefined) return this.#outer.tally(segment);
    const tally = new Tally(this.#ledger.segments[segment] ?? { nodes: [], hasSink: false });
    this.#tallies[segment] = tally;
    return tally;
  }

  /** Makes the counts of one execution, to be read apart; {@link handOn} adds them to these. */
  apart(): Counts {
    const counts = new Counts(this.#ledger);
    (this.#inner ??= new Set()).add(counts);
    return counts;
  }

  /** Adds the counts of an execution that has ended to those around it, which take whatever is counted later. */
  handOn(outer: Counts): void {
    for (const [index, counter] of this.#settled()) outer.counter(index).add(counter);
    this.#outer = outer;
    this.#counters.length = 0;
    this.#tallies.length = 0;
    outer.#inner?.delete(this);
  }

  /** The counters of all nodes that were met. */
  *#settled(): Iterable<readonly [number, NodeCounter]> {
    for (const inner of this.#inner ?? []) inner.handOn(this);
    this.addUp();
    // Only the nodes of this run: other runs may have described thousands that it has not.
    for (const index of Object.keys(this.#counters).map(Number)) {
      const counter = this.#counters[index];
      if (counter !== undefined) yield [index, counter];
    }
  }

  /** Adds what passed segments to the counters of their nodes. */
  addUp(): void {
    for (const tally of this.#tallies) tally?.moveTo((index) => this.counter(index));
  }

  /** The same, in executions that are counted apart too: once before nodes are read. */
  addUpAll(): void {
    this.addUp();
    for (const inner of this.#inner ?? []) inner.addUpAll();
  }

  /** What a node had counted at the last {@link addUpAll}, executions that are counted apart included. */
  reading(index: number): NodeCounter {
    const own = this.counter(index);
    const sum = new NodeCounter(own.nodeId, own.pipelineName);
    sum.add(own);
    for (const inner of this.#inner ?? []) sum.add(inner.reading(index));
    return sum;
  }

  /** The nodes that items wait at now. */
  *waiting(): Iterable<LedgerEntry> {
    for (const index of Object.keys(this.#counters).map(Number)) {
      const entry = this.#ledger.entries[index];
      if (entry !== undefined && (this.#counters[index]?.waiting ?? 0) > 0) yield entry;
    }
    for (const inner of this.#inner ?? []) yield* inner.waiting();
  }

  /** The counts by path, at the end of the run. */
  snapshot(): ReadonlyMap<string, NodeCounts> {
    const counts = new Map<string, NodeCounts>();
    for (const [index, counter] of this.#settled()) {
      const entry = this.#ledger.entries[index];
      if (entry !== undefined) counts.set(entry.path, counter.snapshot());
    }
    return counts;
  }
}
