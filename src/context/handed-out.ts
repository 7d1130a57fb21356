import { runOutside } from './ambient-context.js';

/**
 * A promise that knows whether anybody has asked for its result: from then on it is an ordinary one.
 *
 * None is constructed as such. Node's hooks look at every promise that is made, in all of the process: to objects of
 * many shapes they are slow for good.
 */
class HandedOutPromise<T> extends Promise<T> {
  /** What `then` gives is the caller's own: an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** Makes an ordinary promise one of these. */
  static of<T>(promise: Promise<T>): HandedOutPromise<T> {
    return Object.setPrototypeOf(promise, HandedOutPromise.prototype) as HandedOutPromise<T>;
  }

  /** Called by `await`, `catch`, `finally` and `Promise.all` as well. */
  override then<TResult = T, TFailed = never>(
    settled?: ((value: T) => TResult | PromiseLike<TResult>) | null,
    refused?: ((reason: unknown) => TFailed | PromiseLike<TFailed>) | null,
  ): Promise<TResult | TFailed> {
    Object.setPrototypeOf(this, Promise.prototype);
    return super.then(settled, refused);
  }

  /** Keeps a rejection from ending the process, and tells of one that nobody has listened to a turn later. */
  tellUnheard(tell: (error: unknown) => void): void {
    super.then(undefined, (error: unknown) => {
      if (isHeard(this)) return;
      // Outside, since the timer is none of the code around, and would be reported as its leak.
      runOutside(setImmediate, () => {
        if (!isHeard(this)) tell(error);
      });
    });
  }
}

function isHeard(promise: Promise<unknown>): boolean {
  return Object.getPrototypeOf(promise) === Promise.prototype;
}

/**
 * Makes the promise that the library's users get for a piece of work: not awaited, its failure ends no process.
 *
 * A promise of which nothing is to be told is given to `ignoreRejection` instead: a value that nobody wanted.
 *
 * @param unheard tells of a failure that nobody has listened to one turn of the event loop after it; must not throw.
 */
export function handOut<T>(work: Promise<T>, unheard: (error: unknown) => void): Promise<T> {
  const handed = HandedOutPromise.of(
    new Promise<T>((resolve, reject) => {
      work.then(resolve, reject);
    }),
  );
  handed.tellUnheard(unheard);
  return handed;
}
