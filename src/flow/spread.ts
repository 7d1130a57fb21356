import { hasProperty, isArray, isThenable, toPromise } from '../data/foreign-value.js';
import type { OperatorCore, OperatorPort, Origin } from '../nodes/flow-operator.js';
import { Pacer } from '../run/ending/pacer.js';
import { misanswered } from '../nodes/callbacks.js';

/** Makes an item of each element of what is found for an item that comes. */
export class SpreadCore implements OperatorCore {
  /**
   * @param elementsOf what the elements are in, for an item.
   * @param what who gave that, for the message.
   * @param isTextWhole whether a text is one item; else it is refused.
   */
  constructor(
    private readonly port: OperatorPort,
    private readonly elementsOf: (item: unknown) => unknown,
    private readonly what: string,
    private readonly isTextWhole: boolean,
  ) {}

  push(item: unknown, origin: Origin): unknown {
    const given = this.elementsOf(item);
    return isThenable(given)
      ? toPromise(given).then((elements) => this.#spread(elements, origin))
      : this.#spread(given, origin);
  }

  end(): undefined {
    return undefined;
  }

  #spread(elements: unknown, origin: Origin): unknown {
    if (typeof elements === 'string' && this.isTextWhole) return this.#sendList([elements], origin);
    if (isArray(elements)) {
      // A promise among the elements is awaited, and may be rejected: then nothing has left yet.
      if (!elements.some(isThenable)) return this.#sendList(elements, origin);
    } else if (!isIterable(elements)) throw misanswered(this.what, 'list or other iterable');
    return this.port.mayUndo
      ? this.#collect(elements as AnyElements).then((list) => this.#sendList(list, origin))
      : this.#sendEach(elements as AnyElements, origin);
  }

  #sendList(list: readonly unknown[], origin: Origin): unknown {
    const { port } = this;
    for (let index = 0; index < list.length; index += 1) {
      if (port.isClosed) return port.spread(origin, index);
      const sent = port.give(list[index], origin);
      if (sent !== undefined) return this.#sendRest(list, index + 1, origin, sent);
    }
    return port.spread(origin, list.length);
  }

  async #sendRest(
    list: readonly unknown[],
    first: number,
    origin: Origin,
    sent: Promise<void>,
  ): Promise<void> {
    const { port } = this;
    await sent;
    let index = first;
    for (; index < list.length && !port.isClosed; index += 1) {
      const next = port.give(list[index], origin);
      if (next !== undefined) await next;
    }
    await port.spread(origin, index);
  }

  async #sendEach(elements: AnyElements, origin: Origin): Promise<void> {
    const { port } = this;
    const pacer = new Pacer();
    let sent = 0;
    for await (const element of elements) {
      // To leave the loop closes the elements.
      if (port.isClosed) break;
      await port.give(element, origin);
      sent += 1;
      if (pacer.isDue()) await pacer.yield();
    }
    await port.spread(origin, sent);
  }

  async #collect(elements: AnyElements): Promise<readonly unknown[]> {
    const list: unknown[] = [];
    const pacer = new Pacer();
    for await (const element of elements) {
      if (this.port.isClosed) break;
      list.push(element);
      if (pacer.isDue()) await pacer.yield();
    }
    return list;
  }
}

/** The elements of what a callback gave, which must be there at once; a text is one element. */
export function elementsAtOnce(given: unknown, callback: string): Iterable<unknown> {
  if (typeof given === 'string') return [given];
  if (typeof given === 'object' && given !== null && hasProperty(given, Symbol.iterator))
    return given as Iterable<unknown>;
  throw misanswered(callback, 'list or other iterable');
}

type AnyElements = Iterable<unknown> | AsyncIterable<unknown>;

function isIterable(elements: unknown): boolean {
  return (
    typeof elements === 'object' &&
    elements !== null &&
    (hasProperty(elements, Symbol.asyncIterator) || hasProperty(elements, Symbol.iterator))
  );
}
