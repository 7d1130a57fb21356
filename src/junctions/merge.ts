import { FlowOperator } from '../nodes/flow-operator.js';
import type { Emission, OperatorCore, OperatorPort, Origin } from '../nodes/flow-operator.js';
import { RankOf } from '../nodes/rank.js';
import { capacityExceeded } from './capacity.js';
import type { MergeOrder, SortedOrder } from './merge-options.js';
import { RowQueue } from './row-queue.js';
import type { WaitingItem } from './row-queue.js';

/** The operator of a merge in an order that its inputs wait for. */
export function mergeOperator(
  order: Exclude<MergeOrder, 'arrival'>,
  inputs: readonly string[],
  capacity: number,
): FlowOperator<unknown, unknown, unknown> {
  return new FlowOperator(
    'merge',
    { order: typeof order === 'string' ? order : 'sorted' },
    (port) => {
      const queues = inputs.map(() => new RowQueue());
      if (order === 'concat') return new MergeCore(port, queues, capacity, new ConcatOrder(queues));
      return order === 'zip'
        ? new MergeCore(port, queues, capacity, new ZipOrder(queues, port))
        : new MergeCore(port, queues, capacity, new SortedHeads(queues, order));
    },
    { endsStream: order === 'zip' },
    inputs,
  );
}

/** Chooses what leaves next. */
interface Order {
  /** Takes what leaves next out of the queues; undefined while something must come first. */
  next(): Leaving | undefined;
  /** True once nothing more can leave. */
  readonly isOver: boolean;
  /** What an item that comes is sorted by. */
  keyOf?(item: unknown): WaitingItem['key'];
}

/** What leaves a merge: one item of an input, or a tuple made of one of each. */
interface Leaving {
  readonly items: readonly WaitingItem[];
  readonly output: unknown;
  readonly isTuple: boolean;
}

/** Holds the items of several inputs until it is their turn. */
class MergeCore implements OperatorCore {
  #isSending = false;
  #isStopped = false;

  constructor(
    private readonly port: OperatorPort,
    private readonly queues: readonly RowQueue[],
    private readonly capacity: number,
    private readonly order: Order,
  ) {}

  push(item: unknown, origin: Origin, input: number): Emission {
    const queue = this.queues[input];
    if (queue === undefined) return undefined;
    if (this.order.isOver) return this.port.filter([origin]);
    if (this.#isStopped) return undefined;
    const key = this.order.keyOf?.(item);
    const { sharesOrigin } = this.port;
    if (sharesOrigin && queue.size >= this.capacity)
      throw capacityExceeded('merge', this.capacity, 'of one input, which wait for another');
    const waiting: WaitingItem = { item, origin, key, isTaken: false, taken: undefined };
    queue.add(waiting);
    this.#send();
    // Nobody waits for a partner that comes from the same node behind this item.
    if (waiting.isTaken || sharesOrigin) return undefined;
    return new Promise((resolve) => {
      waiting.taken = resolve;
    });
  }

  endInput(input: number): Emission {
    const queue = this.queues[input];
    if (queue !== undefined) queue.isEnded = true;
    this.#send();
    return undefined;
  }

  end(): Emission {
    return undefined;
  }

  isClosed(): boolean {
    return this.order.isOver;
  }

  stop(): void {
    this.#isStopped = true;
    for (const queue of this.queues) letGo(queue.takeAll());
  }

  /** Sends all that can leave, one after the other. */
  #send(): void {
    if (this.#isSending || this.#isStopped) return;
    this.#isSending = true;
    for (let next = this.order.next(); next !== undefined; next = this.order.next()) {
      const { items } = next;
      const sent = this.#emit(next);
      if (sent !== undefined) {
        void sent.then(() => {
          letGo(items);
          this.#isSending = false;
          this.#send();
        });
        return;
      }
      letGo(items);
    }
    this.#isSending = false;
    if (this.order.isOver) this.#leaveOut();
  }

  #emit({ items, output, isTuple }: Leaving): Emission {
    const origins = items.map(({ origin }) => origin);
    if (!isTuple) return this.port.pass(output, origins[0]);
    return this.port.make(output, { items: items.length, origins, ending: 'joined' });
  }

  /** Leaves out what has no partner. */
  #leaveOut(): void {
    const left = this.queues.flatMap((queue) => queue.takeAll());
    if (left.length > 0)
      void this.port.filter(
        left.map(({ origin }) => origin),
        left.length,
      );
    letGo(left);
  }
}

function letGo(items: readonly WaitingItem[]): void {
  for (const waiting of items) {
    waiting.isTaken = true;
    waiting.taken?.();
  }
}

/** One input after the other. */
class ConcatOrder implements Order {
  readonly isOver = false;
  #current = 0;

  constructor(private readonly queues: readonly RowQueue[]) {}

  next(): Leaving | undefined {
    for (let queue = this.queues[this.#current]; queue !== undefined; queue = this.queues[this.#current]) {
      const item = queue.take();
      if (item !== undefined) return { items: [item], output: item.item, isTuple: false };
      if (!queue.isEnded) return undefined;
      this.#current += 1;
    }
    return undefined;
  }
}

/** One item of each input, until one has no more. */
class ZipOrder implements Order {
  constructor(
    private readonly queues: readonly RowQueue[],
    private readonly port: OperatorPort,
  ) {}

  get isOver(): boolean {
    return this.queues.some((queue) => queue.isEnded && queue.size === 0);
  }

  next(): Leaving | undefined {
    if (this.port.isClosed || this.queues.some((queue) => queue.size === 0)) return undefined;
    const items = this.queues.flatMap((queue) => queue.take() ?? []);
    return { items, output: items.map(({ item }) => item), isTuple: true };
  }
}

/** The smallest of the first items of all inputs. */
class SortedHeads implements Order {
  readonly isOver = false;
  readonly #rank: RankOf;

  constructor(
    private readonly queues: readonly RowQueue[],
    { by }: SortedOrder<never>,
  ) {
    this.#rank = new RankOf((item) => by(item as never), "'by' of sorted", false);
  }

  keyOf(item: unknown): WaitingItem['key'] {
    return this.#rank.item(item);
  }

  next(): Leaving | undefined {
    let least: RowQueue | undefined;
    for (const queue of this.queues) {
      if (queue.eldest === undefined) {
        if (queue.isEnded) continue;
        return undefined;
      }
      if (least === undefined || isLess(queue.eldest, least.eldest)) least = queue;
    }
    const item = least?.take();
    return item && { items: [item], output: item.item, isTuple: false };
  }
}

function isLess(one: WaitingItem, other: WaitingItem | undefined): boolean {
  return one.key !== undefined && other?.key !== undefined && one.key < other.key;
}
