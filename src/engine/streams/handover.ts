/** What became of an item that was handed over. */
export type Taken = 'consumed' | 'refused' | 'aborted';

interface OfferedItem {
  readonly item: unknown;
  readonly settle: (taken: Taken) => void;
  /** Called when the consumer gets the item. */
  readonly given: (() => void) | undefined;
}

interface WaitingConsumer {
  readonly promise: Promise<IteratorResult<unknown, undefined>>;
  readonly resolve: (step: IteratorResult<unknown, undefined>) => void;
  readonly reject: (reason: unknown) => void;
}

const ignore = (): void => undefined;

const END: IteratorResult<unknown, undefined> = { done: true, value: undefined };

/**
 * Hands items from a pushing side to a pulling side, one at a time and without a queue.
 *
 * `push` settles when the consumer asks for the next item, or stops: then it has let the item go.
 */
export class Handover implements AsyncIterableIterator<unknown, undefined> {
  readonly #offered: OfferedItem[] = [];
  readonly #consumers: WaitingConsumer[] = [];
  #held: OfferedItem | undefined;
  #isEnded = false;
  #isClosed = false;
  #aborted: { readonly reason: Error } | undefined;

  /** @param onClosed called when the consumer wants nothing more. */
  constructor(private readonly onClosed?: () => void) {}

  /** Whether the consumer wants nothing more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @param given called when the consumer gets the item, before it is settled what has become of it. */
  push(item: unknown, given?: () => void): Promise<Taken> {
    if (this.#aborted !== undefined) return Promise.resolve('aborted');
    if (this.#isClosed) return Promise.resolve('refused');
    return new Promise((settle) => {
      const offered = { item, settle, given };
      const consumer = this.#consumers.shift();
      if (consumer === undefined) {
        this.#offered.push(offered);
      } else {
        given?.();
        consumer.resolve({ done: false, value: item });
        // A consumer that waits for the item after it has let this one go.
        if (this.#consumers.length > 0) settle('consumed');
        else this.#held = offered;
      }
    });
  }

  /** No item will follow. */
  end(): void {
    this.#isEnded = true;
    if (this.#offered.length === 0) for (const { resolve } of this.#consumers.splice(0)) resolve(END);
  }

  /** Ends with an error for the consumer: the execution has ended before the items did. */
  abort(reason: Error): void {
    if (this.#aborted !== undefined || this.#isClosed) return;
    this.#aborted = { reason };
    for (const { promise, reject } of this.#consumers.splice(0)) {
      // A consumer that asks ahead may never look at the answer.
      promise.catch(ignore);
      reject(reason);
    }
    this.#letGo('aborted');
    for (const { settle } of this.#offered.splice(0)) settle('aborted');
  }

  /** The consumer has ended: what it held counts as so, what it was offered as refused. */
  close(held: Taken): void {
    this.#isClosed = true;
    this.#letGo(held);
    this.#refuseOffered();
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    this.#letGo('consumed');
    if (this.#aborted !== undefined) {
      const rejected = Promise.reject<IteratorResult<unknown, undefined>>(this.#aborted.reason);
      rejected.catch(ignore);
      return rejected;
    }
    if (this.#isClosed) return Promise.resolve(END);
    const offered = this.#offered.shift();
    if (offered !== undefined) {
      this.#held = offered;
      offered.given?.();
      return Promise.resolve({ done: false, value: offered.item });
    }
    if (this.#isEnded) return Promise.resolve(END);
    let consumer: Omit<WaitingConsumer, 'promise'> | undefined;
    const promise = new Promise<IteratorResult<unknown, undefined>>((resolve, reject) => {
      consumer = { resolve, reject };
    });
    if (consumer !== undefined) this.#consumers.push({ ...consumer, promise });
    return promise;
  }

  /** The consumer reads no more; unless its code fails at once, the item in its hands counts as consumed. */
  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#isClosed = true;
    this.#refuseOffered();
    setImmediate(() => {
      this.#letGo('consumed');
    });
    return Promise.resolve(END);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The pulling side alone, for code that must not push, end or abort. */
  reader(): AsyncIterableIterator<unknown, undefined> {
    const reader: AsyncIterableIterator<unknown, undefined> = {
      next: () => this.next(),
      return: () => this.return(),
      [Symbol.asyncIterator]: () => reader,
    };
    return Object.freeze(reader);
  }

  #refuseOffered(): void {
    for (const { settle } of this.#offered.splice(0)) settle('refused');
    for (const { resolve } of this.#consumers.splice(0)) resolve(END);
    this.onClosed?.();
  }

  #letGo(taken: Taken): void {
    const held = this.#held;
    this.#held = undefined;
    held?.settle(taken);
  }
}
