import type { PipelineContext } from '../../context/pipeline-context.js';
import { isInstanceOf, isThenable, whenSettled } from '../../data/foreign-value.js';
import { FlowOperator, TakenItems } from '../../nodes/flow-operator.js';
import type { Emission, OperatorCore, OperatorPort, Origin } from '../../nodes/flow-operator.js';
import type { OpenOperator, OperatorOutput, StreamOperator } from '../../nodes/stream-operator.js';

/** An operator as the engine calls it; one of a user's counts its items by what is sent after them. */
export function engineOperator(
  operator: StreamOperator<unknown, unknown>,
): FlowOperator<unknown, unknown, unknown> {
  if (isInstanceOf(operator, FlowOperator)) return operator;
  return new FlowOperator('operator', {}, (port, context) => new ForeignCore(operator, port, context), {
    endsStream: true,
  });
}

/** The item that is being pushed. */
interface PushedItem {
  readonly origin: Origin;
  /** True once something was sent since it came. */
  hasSent: boolean;
}

/** An operator of a user at work. Which items led to an output only its code knows: each output counts for all before. */
class ForeignCore implements OperatorCore {
  readonly #opened: OpenOperator<unknown>;
  readonly #port: OperatorPort;
  /** Items taken since the last output. */
  readonly #taken = new TakenItems();
  #pushed: PushedItem | undefined;
  #isOver = false;

  constructor(operator: StreamOperator<unknown, unknown>, port: OperatorPort, context: PipelineContext) {
    this.#port = port;
    const send = (item: unknown): Emission => this.#send(item);
    Object.defineProperty(send, 'isClosed', { get: () => this.#isOver || port.isClosed });
    this.#opened = operator.open(Object.freeze(send) as OperatorOutput<unknown>, context);
  }

  push(item: unknown, origin: Origin): unknown {
    const pushed: PushedItem = { origin, hasSent: false };
    this.#pushed = pushed;
    let given: unknown;
    try {
      given = this.#opened.push(item);
    } catch (thrown) {
      this.#pushed = undefined;
      throw thrown;
    }
    if (!isThenable(given)) return this.#took(pushed);
    return whenSettled(
      given,
      () => this.#took(pushed),
      (thrown) => {
        this.#pushed = undefined;
        throw thrown;
      },
    );
  }

  end(): unknown {
    const ended = this.#opened.end();
    const settle = (): Emission => this.#port.settle(this.#taken.take());
    return isThenable(ended) ? Promise.resolve(ended).then(settle) : settle();
  }

  isClosed(): boolean {
    return this.#opened.isClosed?.() === true;
  }

  close(): unknown {
    this.#isOver = true;
    return this.#opened.close?.();
  }

  /** Counts an item that was pushed: it may fail as long as it is being pushed, even after something was sent. */
  #took(pushed: PushedItem): Emission {
    this.#pushed = undefined;
    const { origin, hasSent } = pushed;
    if (hasSent) return this.#port.settle({ items: 1, origins: [origin] });
    this.#taken.add(origin);
    return undefined;
  }

  #send(item: unknown): Emission {
    if (this.#isOver) return undefined;
    const made = this.#taken.take();
    const pushed = this.#pushed;
    if (pushed === undefined) return this.#port.make(item, made);
    pushed.hasSent = true;
    const from = { origins: [...made.origins, pushed.origin], items: made.items + 1 };
    return this.#port.make(item, { ...made, from });
  }
}
