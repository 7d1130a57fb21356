import type { NodeContainer } from '../ports/node-container.js';
import { runInContext } from '../context/ambient-context.js';
import type { ContextHolder } from '../context/ambient-context.js';
import type { ContextFrame } from '../context/context-frame.js';
import type { RootContext } from '../context/root-context.js';
import { ItemTrace } from '../lineage/item-trace.js';
import type { LineageSink } from '../ports/lineage-sink.js';
import { NodeCounter } from './node-counter.js';
import type { PathLedger } from './path-ledger.js';
import type { RunLeaks } from './run-leaks.js';
import { Tally } from './tally.js';
import type { Work } from './work.js';

/** How many timed-out calls of one node may still be under way before it waits for one. */
const MOST_LINGERING = 16;

/** Something outside of items that the run waits for, from time to time. */
export interface Wait {
  readonly path: string;
  isWaiting: boolean;
  end(): void;
}

/** Something that is open in a run: an execution, or what one of its nodes has opened. */
export interface OpenPart extends ContextHolder {
  readonly frame: ContextFrame;
  /** Closes it without waiting for nodes any longer. */
  forceClose(): Work;
}

/** What all executions of one run share. */
export class RunState {
  readonly #open = new Set<OpenPart>();
  readonly #lookers = new Set<() => void>();
  /** Nodes with lifetime `run`, by path. */
  readonly sharedNodes = new Map<string, unknown>();
  readonly #waits = new Set<Wait>();
  readonly #counters: (NodeCounter | undefined)[] = [];
  readonly #tallies: (Tally | undefined)[] = [];
  readonly #ledger: PathLedger;
  readonly #lingering = new Map<string, Set<Promise<void>>>();
  readonly #traces = new Set<ItemTrace>();
  #lastTrace = 0;

  constructor(
    ledger: PathLedger,
    readonly container: NodeContainer | undefined,
    /** The context at its top. */
    readonly root: RootContext,
    /** How long nodes that ignore the aborted signal are waited for, in milliseconds. */
    readonly graceMs: number,
    /** Sees what executions leave behind, in development mode. */
    readonly leaks?: RunLeaks | undefined,
  ) {
    this.#ledger = ledger;
  }

  /** The counts of a node; made when the node is first met, since other runs may describe nodes that this one has not. */
  counter(index: number): NodeCounter {
    return this.#counters[index] ?? this.#newCounter(index);
  }

  #newCounter(index: number): NodeCounter {
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
    const tally = new Tally(this.#ledger.segments[segment] ?? { nodes: [], hasSink: false });
    this.#tallies[segment] = tally;
    return tally;
  }

  /** The counters by path, with whether their items are worked on by nodes below. */
  *countersByPath(): Iterable<{ path: string; counter: NodeCounter; isComposite: boolean }> {
    for (const tally of this.#tallies) tally?.moveTo((index) => this.counter(index));
    for (const [index, { path, isComposite }] of this.#ledger.entries.entries()) {
      const counter = this.#counters[index];
      if (counter !== undefined) yield { path, counter, isComposite };
    }
  }

  /** Keeps something that is open in view until it is released: should the run be given up, it is closed. */
  keep(part: OpenPart): void {
    this.#open.add(part);
  }

  release(part: OpenPart): void {
    this.#open.delete(part);
  }

  /**
   * Closes what is still open without waiting for nodes any longer, each in its own context.
   *
   * The innermost begin first; what hangs in one of them does not keep those around it from being closed.
   */
  async forceClose(): Promise<void> {
    const innermostFirst = [...this.#open].sort((one, other) => depthOf(other) - depthOf(one));
    const closings = innermostFirst.map((part) => runInContext(part, () => part.forceClose()));
    await Promise.all(closings.filter((closing) => closing !== undefined));
  }

  /** Asks a source that waits for its next item to look whether anybody still wants one, whenever a stream has been left. */
  onStreamLeft(look: () => void): () => void {
    this.#lookers.add(look);
    return () => {
      this.#lookers.delete(look);
    };
  }

  /** Tells the sources that a stream has been left. */
  streamLeft(): void {
    for (const look of [...this.#lookers]) look();
  }

  /** Notes what is waited for outside of items: a source's next item, an init, a flush. */
  waitAt(path: string, isWaiting = true): Wait {
    const wait: Wait = {
      path,
      isWaiting,
      end: () => {
        this.#waits.delete(wait);
      },
    };
    this.#waits.add(wait);
    return wait;
  }

  /** The paths of what is waited for now. */
  waiting(): readonly string[] {
    return [...this.#waits].filter(({ isWaiting }) => isWaiting).map(({ path }) => path);
  }

  /** Keeps a timed-out call in view: the run waits for it at its end. */
  linger(path: string, call: Promise<unknown>): void {
    const calls = this.#lingering.get(path) ?? new Set();
    this.#lingering.set(path, calls);
    const ended: Promise<void> = call.then(
      () => void calls.delete(ended),
      () => void calls.delete(ended),
    );
    calls.add(ended);
  }

  /** Waits until one more call of a node may be started beside those that linger. */
  roomBeside(path: string): Work {
    const calls = this.#lingering.get(path);
    return calls === undefined || calls.size < MOST_LINGERING ? undefined : Promise.race(calls);
  }

  /** The calls that have not ended, by the path of their node. */
  lingering(): readonly (readonly [string, Promise<unknown>])[] {
    return [...this.#lingering]
      .filter(([, calls]) => calls.size > 0)
      .map(([path, calls]) => [path, Promise.all(calls)] as const);
  }

  /** Follows a new item, if anybody keeps its lineage. */
  traceFor(sink: LineageSink | undefined, contributors?: readonly string[]): ItemTrace | undefined {
    return sink === undefined ? undefined : this.#newTrace(sink, contributors);
  }

  /** The traces of items that have not ended. */
  get openTraces(): readonly ItemTrace[] {
    return [...this.#traces];
  }

  #newTrace(sink: LineageSink, contributors: readonly string[] | undefined): ItemTrace {
    this.#lastTrace += 1;
    const id = `${this.root.context.runId}#${String(this.#lastTrace)}`;
    const trace = new ItemTrace(id, contributors, sink, [], (closed) => {
      this.#traces.delete(closed);
    });
    this.#traces.add(trace);
    return trace;
  }
}

function depthOf({ frame }: OpenPart): number {
  let depth = 0;
  for (let above = frame.parent; above !== undefined; above = above.parent) depth += 1;
  return depth;
}
