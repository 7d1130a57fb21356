import { ignoreRejection, isThenable, toPromise } from '../data/foreign-value.js';

/** What several listeners answer to one event: each is asked, also after one that throws. */
export class Answers {
  readonly #thrown: unknown[] = [];
  readonly #promises: PromiseLike<unknown>[] = [];

  /** Asks a listener. */
  of(listen: () => unknown): void {
    try {
      const returned = listen();
      if (isThenable(returned)) this.#promises.push(returned);
    } catch (error) {
      this.#thrown.push(error);
    }
  }

  /**
   * One answer in place of all: a promise where there were some.
   *
   * @throws what a listener has thrown, an AggregateError where several have; it goes before what rejects.
   */
  get joined(): unknown {
    const [thrown, promises] = [this.#thrown, this.#promises];
    if (thrown.length === 0) return promises.length === 0 ? undefined : Promise.all(promises.map(toPromise));
    // Nothing goes unhandled.
    promises.forEach(ignoreRejection);
    throw thrown.length === 1 ? thrown[0] : new AggregateError(thrown, 'several execution observers failed');
  }
}
