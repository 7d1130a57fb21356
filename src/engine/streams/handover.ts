import type { TimedCall } from '../../observability/node-meter.js';

/** Outcome of an item that was pushed into a {@link Handover}. */
export type Taken = 'consumed' | 'refused' | 'aborted';

interface OfferedItem {
  readonly item: unknown;
  readonly settle: (taken: Taken) => void;
  /** Called when the consumer receives the item. */
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
 * Passes items from a producer that pushes to a consumer that pulls, one by one, without a queue.
 *
 * `push` settles when the consumer asks for its next item, or stops reading: until then it may still use the item.
 */
export class Handover implements AsyncIterableIterator<unknown, undefined> {
  readonly #offered: OfferedItem[] = [];
  readonly #consumers: WaitingConsumer[] = [];
  #held: OfferedItem | undefined;
  /** A call of the consumer that is timed: its time stands still while it waits for an item. */
  #timed: TimedCall | undefined;
  #isEnded = false;
  #isClosed = false;
  #aborted: { readonly reason: Error } | undefined;

  /** @param onClosed called when the consumer stops reading. */
  constructor(private readonly onClosed?: () => void) {}

  /** True once the consumer has stopped reading. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @param given called when the consumer receives the item, before the returned promise settles. */
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
        this.#timed?.resume();
        consumer.resolve({ done: false, value: item });
        // A consumer that already waits for the item after this one is done with this one.
        if (this.#consumers.length > 0) settle('consumed');
        else this.#held = offered;
      }
    });
  }

  /** Has the time of a call stand still from now on while the consumer waits for an item; undefined for no call. */
  time(call: TimedCall | undefined): void {
    this.#timed = call;
    if (this.#consumers.length > 0) call?.pause();
  }

  /** Ends the stream for the consumer: no item will follow. */
  end(): void {
    this.#isEnded = true;
    if (this.#offered.length > 0) return;
    this.#timed?.resume();
    for (const { resolve } of this.#consumers.splice(0)) resolve(END);
  }

  /** Rejects the consumer's `next` with a reason: the execution was stopped before the end of the items. */
  abort(reason: Error): void {
    if (this.#aborted !== undefined || this.#isClosed) return;
    this.#aborted = { reason };
    this.#timed?.resume();
    for (const { promise, reject } of this.#consumers.splice(0)) {
      // A consumer that asked for several items at once may never await this promise.
      promise.catch(ignore);
      reject(reason);
    }
    this.#letGo('aborted');
    for (const { settle } of this.#offered.splice(0)) settle('aborted');
  }

  /** Ends reading: the item that the consumer holds gets the given outcome, offered items are refused. */
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
    this.#timed?.pause();
    let consumer: Omit<WaitingConsumer, 'promise'> | undefined;
    const promise = new Promise<IteratorResult<unknown, undefined>>((resolve, reject) => {
      consumer = { resolve, reject };
    });
    if (consumer !== undefined) this.#consumers.push({ ...consumer, promise });
    return promise;
  }

  /**
   * Called by a consumer that stops reading.
   *
   * The item that it holds counts as consumed, unless its code fails at once.
   */
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

  /** Returns an iterator for user code, without access to `push`, `end` and `abort`. */
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
    this.#timed?.resume();
    for (const { resolve } of this.#consumers.splice(0)) resolve(END);
    this.onClosed?.();
  }

  #letGo(taken: Taken): void {
    const held = this.#held;
    this.#held = undefined;
    held?.settle(taken);
  }
}
