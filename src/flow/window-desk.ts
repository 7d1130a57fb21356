import type { PipelineContext } from '../context/pipeline-context.js';
import { ItemRefusal } from '../errors/item-refusal.js';
import type { Emission, OperatorPort, Origin } from '../nodes/flow-operator.js';
import { atOnce } from '../nodes/callbacks.js';
import { foundBy } from '../nodes/flow-key.js';
import type { FlowKey, FoundKey } from '../nodes/flow-key.js';
import { timeFrom } from '../nodes/item-time.js';
import { DEFAULT_MAX_KEYS, tooManyKeys } from './key-limit.js';
import { Outbox } from './outbox.js';
import type { Gathering, Pane } from './pane.js';
import type { WindowedOptions } from './windowed-options.js';

/** An item that came, and what its callbacks said of it. */
export interface ReadItem {
  readonly item: unknown;
  readonly origin: Origin;
  readonly key: FlowKey;
  readonly found: FoundKey;
  readonly timeMs: number;
}

/** What all kinds of windows do alike: they read items, send windows that are due, and refuse late items. */
export class WindowDesk {
  readonly latenessMs: number;
  /** True if items have times of their own. */
  readonly hasTimes: boolean;
  readonly #outbox: Outbox<Pane>;
  readonly #maxKeys: number;
  #places = 0;
  #nowMs = -Infinity;

  /** @param kind the operator that it works for, for messages. */
  constructor(
    private readonly kind: string,
    readonly port: OperatorPort,
    private readonly context: PipelineContext,
    private readonly options: WindowedOptions<unknown, FlowKey>,
    readonly gathering: Gathering,
  ) {
    this.latenessMs = options.latenessMs ?? 0;
    this.hasTimes = options.time !== undefined;
    this.#maxKeys = options.maxKeys ?? DEFAULT_MAX_KEYS;
    this.#outbox = new Outbox(port, (pane) => this.#send(pane));
  }

  /** The time by the run's clock; never earlier than before. */
  now(): number {
    this.#nowMs = Math.max(this.#nowMs, this.port.now());
    return this.#nowMs;
  }

  /** Asks the callbacks about an item; they may throw. */
  read(item: unknown, origin: Origin, nowMs: number): ReadItem {
    const { key: keyOf, time: timeOf } = this.options;
    const key = keyOf === undefined ? undefined : atOnce(keyOf(item, this.context), `'key' of ${this.kind}`);
    const found = foundBy(key, `'key' of ${this.kind}`);
    const timeMs =
      timeOf === undefined
        ? nowMs
        : timeFrom(atOnce(timeOf(item, this.context), `'time' of ${this.kind}`), `'time' of ${this.kind}`);
    return { item, origin, key, found, timeMs };
  }

  /** Numbers the items by the order in which they came. */
  nextPlace(): number {
    this.#places += 1;
    return this.#places;
  }

  /** @throws {@link ItemRefusal} `FLOW_CAPACITY_EXCEEDED` if a key that is new would be one too many. */
  checkRoom(keys: number): void {
    if (keys >= this.#maxKeys) throw tooManyKeys(this.kind, this.#maxKeys);
  }

  /** Ends an item all of whose windows have left. */
  refuseLate({ item, origin, timeMs }: ReadItem, watermarkMs: number): Emission {
    const { late = 'drop' } = this.options;
    if (late === 'drop') return this.port.filter([origin]);
    const refusal = new ItemRefusal('FLOW_ITEM_LATE', {
      problem: `The item is late: its time is ${shown(timeMs)}, and its windows have left, since all up to ${shown(watermarkMs)} have.`,
      remedy: `Raise 'latenessMs' of ${this.kind}, or let 'late' be 'drop' or 'deadLetter'.`,
    });
    return this.port.refuse(item, origin, refusal, late);
  }

  /** Sends windows that are due, in their order, behind those that are still being sent. */
  leave(panes: readonly Pane[]): Emission {
    for (const pane of panes) this.#outbox.add(pane);
    return this.#outbox.flush();
  }

  #send(pane: Pane): Emission {
    let result: unknown;
    try {
      result = this.gathering.result(pane);
    } catch (thrown) {
      this.port.fail(thrown);
      return undefined;
    }
    return this.port.make(result, pane.madeOf());
  }
}

/** A time for a message; what is no date is told as it is. */
function shown(timeMs: number): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? `${String(timeMs)} ms` : date.toISOString();
}
