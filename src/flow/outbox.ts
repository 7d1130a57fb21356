import type { Emission, OperatorPort } from '../nodes/flow-operator.js';
import { Fifo } from '../data/fifo.js';

/** What is to be sent, one entry after the other; each leaves when the stages behind are done with the one before. */
export class Outbox<T extends object> {
  readonly #waiting = new Fifo<T>();
  #work: Emission;
  #left: (() => void) | undefined;

  /** @param send sends one entry; must not throw. */
  constructor(
    private readonly port: OperatorPort,
    private readonly send: (entry: T) => Emission,
  ) {}

  /** How many entries wait, besides the one that is being sent. */
  get size(): number {
    return this.#waiting.size;
  }

  add(entry: T): void {
    this.#waiting.add(entry);
  }

  /** Sends what waits; gives when all of it is done. */
  flush(): Emission {
    if (this.#work !== undefined) return this.#work;
    const sent = this.#sendNext();
    if (sent !== undefined) this.#work = this.#goOn(sent);
    return this.#work;
  }

  /** Settles when an entry leaves, or when there is nothing more to wait for. */
  leaving(): Promise<void> {
    return new Promise((resolve) => {
      this.#left = resolve;
    });
  }

  async #goOn(first: Promise<void>): Promise<void> {
    for (let sent: Emission = first; sent !== undefined; sent = this.#sendNext()) await sent;
    this.#work = undefined;
  }

  /** Sends entries until one must be waited for. */
  #sendNext(): Emission {
    while (this.#waiting.size > 0) {
      const entry = this.#waiting.take();
      // Nobody wants more: what waits ends with the operator.
      const sent = entry === undefined || this.port.isClosed ? undefined : this.send(entry);
      this.#left?.();
      this.#left = undefined;
      if (sent !== undefined) return sent;
    }
    return undefined;
  }
}
