import type { PipelineContext } from '../context/pipeline-context.js';
import type { ItemRefusal } from '../errors/item-refusal.js';
import type { OperatorTraits } from './item-operator.js';
import type { OpenOperator, OperatorOutput, shape, ShapedOperator } from './stream-operator.js';

/** The item that something is made of, as lineage knows it. */
interface ItemOrigin {
  readonly correlationId: string;
}

/** An item's origin; undefined where nobody follows it. */
export type Origin = ItemOrigin | undefined;

/** Most items whose origins are kept for one output; the eldest go when there are twice as many. */
export const MOST_ORIGINS = 10_000;

/** Items that an operator keeps until it sends what it makes of them. */
export class TakenItems implements MadeOf {
  items = 0;
  origins: Origin[] = [];

  add(origin: Origin): void {
    this.items += 1;
    if (origin === undefined) return;
    this.origins.push(origin);
    if (this.origins.length > 2 * MOST_ORIGINS) this.origins.splice(0, MOST_ORIGINS);
  }

  /** Adds what another has kept. */
  addAll(other: TakenItems): void {
    this.items += other.items;
    this.origins = [...this.origins, ...other.origins].slice(-2 * MOST_ORIGINS);
  }

  /** What was kept; nothing is, then. */
  take(): MadeOf {
    const { items, origins } = this;
    this.items = 0;
    if (origins.length > 0) this.origins = [];
    return { items, origins };
  }
}

/** Return type of what may have to be waited for: undefined when done, else a promise that never rejects. */
export type Emission = Promise<void> | undefined;

/** What an output was made of. */
export interface MadeOf {
  /** How many items leave with this output: those that have not left with an earlier one. */
  readonly items: number;
  /** The origins of these items, as far as they are followed. */
  readonly origins: readonly Origin[];
  /** All items that it was made of, where more than these. */
  readonly from?: { readonly origins: readonly Origin[]; readonly items: number } | undefined;
  /** How the items end that leave with it. Default: `aggregated`. */
  readonly ending?: 'aggregated' | 'joined';
}

/**
 * Where an operator of the library sends items, and says what has become of each that it took.
 *
 * Each item taken ends by exactly one call of `pass`, `filter`, `spread` or `refuse`, or as one of the items of a `make`
 * or `settle`.
 * What has not ended when the execution ends is counted by the engine.
 */
export interface OperatorPort {
  /** True once nobody wants more. */
  readonly isClosed: boolean;
  /** True if outputs of one item must be kept until it has succeeded: a policy may decide about it after some are out. */
  readonly mayUndo: boolean;
  /**
   * True if two of the operator's inputs get items that come from one node before them: who lets one wait for the other
   * would wait for ever.
   */
  readonly sharesOrigin: boolean;
  /** The time of the run, in milliseconds since the epoch. */
  now(): number;
  /** Calls back once at a time; gives what calls it off. What the callback throws fails the node. */
  callAt(atMs: number, callback: () => void): () => void;
  /** Waits until a time; ends at once when the execution fails or is cancelled. */
  waitUntil(atMs: number): Promise<void>;
  /** Fails the node as a whole, whatever its policy says. */
  fail(thrown: unknown): void;
  /** Sends the item itself, or what it has become. */
  pass(item: unknown, origin: Origin): Emission;
  /** Leaves items out. */
  filter(origins: readonly Origin[], items?: number): Emission;
  /** Sends one of several outputs of an item; {@link spread} ends the item. */
  give(output: unknown, origin: Origin): Emission;
  /** Ends an item that has given so many outputs: with none it is left out. */
  spread(origin: Origin, outputs: number): Emission;
  /** Sends something made of items taken before. */
  make(output: unknown, made: MadeOf): Emission;
  /** Counts items as having led to what was sent before, or as taken to the end of the stream. */
  settle(made: MadeOf): Emission;
  /** Ends an item by an error, whatever the node's policy says. */
  refuse(item: unknown, origin: Origin, refusal: ItemRefusal, ending: 'fail' | 'deadLetter'): Emission;
}

/** An operator of the library at work in one execution, as the engine calls it. */
export interface OperatorCore {
  /**
   * Takes an item; a returned promise settles when the next may come. What it throws, or rejects with, fails the item, of
   * which it then knows nothing.
   */
  push(item: unknown, origin: Origin, input: number): unknown;
  /** Notes that no more items come by one of several inputs; called for each, before {@link end}. */
  endInput?(input: number): unknown;
  /** Lets go of items that wait, since the execution has stopped or nobody reads any more: what they become is not sent. */
  stop?(): void;
  /** Sends what is left, at the end of the stream. */
  end(): unknown;
  /** True once it needs no more items. */
  isClosed?(): boolean;
  /** Called once in every ending, last of all. */
  close?(): unknown;
}

/** An operator of the library that gives none, one or many items for each that it takes, or keeps some. */
export class FlowOperator<in TIn, out TOut, out S> implements ShapedOperator<TIn, TOut, S> {
  declare readonly [shape]: S;

  constructor(
    readonly kind: string,
    readonly options: Readonly<Record<string, unknown>>,
    readonly begin: (port: OperatorPort, context: PipelineContext) => OperatorCore,
    readonly traits: OperatorTraits = {},
    /** The names of its inputs, where it has several. */
    readonly inputs?: readonly string[],
  ) {}

  open(output: OperatorOutput<TOut>, context: PipelineContext): OpenOperator<TIn> {
    const core = this.begin(portOver(output as OperatorOutput<unknown>, context), context);
    return {
      push: (item) => core.push(item, undefined, 0),
      end: () => core.end(),
      ...(core.isClosed === undefined ? {} : { isClosed: () => core.isClosed?.() === true }),
      ...(core.close === undefined ? {} : { close: () => core.close?.() }),
    };
  }
}

/** A port over an output that somebody else has made: what becomes of the items is known to nobody. */
function portOver(output: OperatorOutput<unknown>, { run }: PipelineContext): OperatorPort {
  return {
    get isClosed() {
      return output.isClosed;
    },
    mayUndo: false,
    sharesOrigin: false,
    now: () => run.clock.now(),
    callAt(atMs, callback) {
      const timer = run.clock.setTimeout(callback, Math.max(atMs - run.clock.now(), 0));
      return () => {
        run.clock.clearTimeout(timer);
      };
    },
    waitUntil: (atMs) =>
      new Promise((resolve) => {
        run.clock.setTimeout(resolve, Math.max(atMs - run.clock.now(), 0));
      }),
    fail(thrown) {
      throw thrown;
    },
    pass: (item) => output(item),
    filter: () => undefined,
    give: (item) => output(item),
    spread: () => undefined,
    make: (item) => output(item),
    settle: () => undefined,
    refuse(_item, _origin, refusal, ending) {
      if (ending === 'fail') throw refusal;
      return undefined;
    },
  };
}
