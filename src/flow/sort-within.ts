import type { PipelineContext } from '../context/pipeline-context.js';
import { invalidOption, rule } from '../errors/option-rules.js';
import { FlowOperator } from '../nodes/flow-operator.js';
import type { Emission, OperatorCore, OperatorPort, Origin } from '../nodes/flow-operator.js';
import type { ShapedOperator } from '../nodes/stream-operator.js';
import { checkGiven } from './given-options.js';
import { Heap } from '../data/heap.js';
import { latenessRule } from './numbers.js';
import { Outbox } from './outbox.js';
import { RankOf } from '../nodes/rank.js';
import type { Rank } from '../nodes/rank.js';

/** Options of {@link sortWithin}; `capacity` or `latenessMs` is required. */
export interface SortWithinOptions<in T> {
  /** What items are sorted by, the smallest first: always a number, always a bigint, always a text or always a Date. */
  readonly by: (item: T, context: PipelineContext) => Rank;
  /** How many items are held; the smallest leaves when one more comes. Default: 100,000. */
  readonly capacity?: number | undefined;
  /** An item leaves when one has come that is so many milliseconds later; `by` gives times then. Default: never. */
  readonly latenessMs?: number | undefined;
}

/**
 * Brings items into order that are out of it by a little: it holds some, and lets the smallest leave first.
 *
 * An item that is behind what has left goes on at once, out of order. Equal items keep their order.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, also without `capacity` and `latenessMs`.
 *
 * @example
 * {@includeCode ../../examples/api/sort-within.ts}
 */
export function sortWithin<T>(options: SortWithinOptions<T>): ShapedOperator<T, T, 'same'> {
  checkGiven(
    'sortWithin',
    options,
    { by: rule.callable, capacity: rule.capacity, latenessMs: latenessRule },
    ['by'],
  );
  const { by, capacity, latenessMs } = options;
  if (capacity === undefined && latenessMs === undefined)
    throw invalidOption('sortWithin', "nothing says how much is held; give 'capacity' or 'latenessMs'");
  return new FlowOperator<T, T, 'same'>(
    'sortWithin',
    { capacity: capacity ?? MOST_ITEMS, latenessMs, by: 'per item' },
    (port, context) =>
      new SortCore(port, (item) => by(item as T, context), capacity ?? MOST_ITEMS, latenessMs),
  );
}

/** What is held without another limit. */
const MOST_ITEMS = 100_000;

interface HeldItem {
  readonly item: unknown;
  readonly origin: Origin;
  readonly rank: string | number | bigint;
  /** The how manieth item it is. */
  readonly place: number;
}

/** Holds items, the smallest on top. */
class SortCore implements OperatorCore {
  readonly #held = new Heap<HeldItem>((one, other) =>
    one.rank === other.rank ? one.place < other.place : one.rank < other.rank,
  );
  readonly #outbox: Outbox<HeldItem>;
  readonly #rankOf: RankOf;
  #places = 0;
  #latestMs = -Infinity;
  #left: string | number | bigint | undefined;

  constructor(
    port: OperatorPort,
    by: (item: unknown) => unknown,
    private readonly capacity: number,
    private readonly latenessMs: number | undefined,
  ) {
    this.#outbox = new Outbox(port, ({ item, origin }) => port.pass(item, origin));
    this.#rankOf = new RankOf(by, "'by' of sortWithin", latenessMs !== undefined);
  }

  push(item: unknown, origin: Origin): Emission {
    const rank = this.#rankOf.item(item);
    this.#places += 1;
    const held = { item, origin, rank, place: this.#places };
    if (this.#left !== undefined && rank < this.#left) {
      this.#outbox.add(held);
      return this.#outbox.flush();
    }
    this.#held.add(held);
    if (this.#held.size > this.capacity) this.#let();
    if (this.latenessMs !== undefined) this.#letOlder(Number(rank), this.latenessMs);
    return this.#outbox.flush();
  }

  end(): Emission {
    while (this.#held.size > 0) this.#let();
    return this.#outbox.flush();
  }

  #letOlder(rankMs: number, latenessMs: number): void {
    this.#latestMs = Math.max(this.#latestMs, rankMs);
    const watermarkMs = this.#latestMs - latenessMs;
    while (this.#held.least !== undefined && Number(this.#held.least.rank) <= watermarkMs) this.#let();
  }

  /** Lets the smallest item leave. */
  #let(): void {
    const first = this.#held.take();
    if (first === undefined) return;
    this.#left = first.rank;
    this.#outbox.add(first);
  }
}
