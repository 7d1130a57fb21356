import { runOutside } from './ambient-context.js';

/** A promise that knows whether anybody has asked for its result. */
class HandedOutPromise<T> extends Promise<T> {
  /** What `then` gives is the caller's own: an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** True once `then` was called, which `await`, `catch`, `finally` and `Promise.all` do as well. */
  #isHeard = false;

  override then<TResult = T, TFailed = never>(
    settled?: ((value: T) => TResult | PromiseLike<TResult>) | null,
    refused?: ((reason: unknown) => TFailed | PromiseLike<TFailed>) | null,
  ): Promise<TResult | TFailed> {
    this.#isHeard = true;
    return super.then(settled, refused);
  }

  /** Keeps a rejection from ending the process, and tells of one that nobody has listened to a turn later. */
  tellUnheard(tell: (error: unknown) => void): void {
    super.then(undefined, (error: unknown) => {
      if (this.#isHeard) return;
      // Outside, since the timer is none of the code around, and would be reported as its leak.
      runOutside(setImmediate, () => {
        if (!this.#isHeard) tell(error);
      });
    });
  }
}

/**
 * Makes the promise that the library's users get for a piece of work: not awaited, its failure ends no process.
 *
 * A promise of which nothing is to be told is given to `ignoreRejection` instead: a value that nobody wanted.
 *
 * @param unheard tells of a failure that nobody has listened to one turn of the event loop after it; must not throw.
 */
export function handOut<T>(work: Promise<T>, unheard: (error: unknown) => void): Promise<T> {
  const handed = new HandedOutPromise<T>((resolve, reject) => {
    work.then(resolve, reject);
  });
  handed.tellUnheard(unheard);
  return handed;
}
