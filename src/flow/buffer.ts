import { rule } from '../errors/option-rules.js';
import { FlowOperator } from '../nodes/flow-operator.js';
import type { Emission, OperatorCore, OperatorPort, Origin } from '../nodes/flow-operator.js';
import type { ShapedOperator } from '../nodes/stream-operator.js';
import { checkGiven } from './given-options.js';
import { Outbox } from './outbox.js';

/** Options of {@link buffer}. */
export interface BufferOptions {
  /** How many items wait for the stages behind. When there are as many, the stages before wait; `Infinity` is allowed. */
  readonly capacity: number;
}

/**
 * Lets the stages before and behind work at the same time: items wait in it for those behind.
 *
 * Without one, an item has gone through all stages before the next one comes. The order stays.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`.
 *
 * @example
 * {@includeCode ../../examples/api/buffer.ts}
 */
export function buffer<T = unknown>(options: BufferOptions): ShapedOperator<T, T, 'same'> {
  checkGiven('buffer', options, { capacity: rule.capacity }, ['capacity']);
  const { capacity } = options;
  return new FlowOperator<T, T, 'same'>('buffer', { capacity }, (port) => new BufferCore(port, capacity));
}

/** Keeps items until the stages behind take them. */
class BufferCore implements OperatorCore {
  readonly #outbox: Outbox<{ readonly item: unknown; readonly origin: Origin }>;

  constructor(
    port: OperatorPort,
    private readonly capacity: number,
  ) {
    this.#outbox = new Outbox(port, ({ item, origin }) => port.pass(item, origin));
  }

  push(item: unknown, origin: Origin): Emission {
    const isFull = this.#outbox.size >= this.capacity;
    this.#outbox.add({ item, origin });
    void this.#outbox.flush();
    // Full: the item is the one that the stage before would hold anyway, until there is room.
    return isFull && this.#outbox.size > this.capacity ? this.#outbox.leaving() : undefined;
  }

  end(): Emission {
    return this.#outbox.flush();
  }
}
