import { readProperty } from '../data/foreign-value.js';

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/** What a watch does around each step of an iterator. */
interface StepWatch {
  before(): unknown;
  after(item: unknown): void;
}

/** Puts a watch around iterables. */
export class WatchedItems {
  /** An iterator that is its own iterable gives its items once: the next call must get the same object. */
  readonly #oneShots = new WeakMap<object, object>();

  /** The same items, asynchronously; what is no iterable is given back as it is. */
  around(items: unknown, watch: StepWatch): unknown {
    const open =
      typeof items === 'string'
        ? items[Symbol.iterator]
        : (readProperty(items, Symbol.asyncIterator) ?? readProperty(items, Symbol.iterator));
    if (typeof open !== 'function') return items;
    const iterator = (open as () => AnyIterator).call(items);
    if (iterator !== items) return { [Symbol.asyncIterator]: () => watchedIterator(iterator, watch) };
    const known = this.#oneShots.get(iterator) ?? watchedIterator(iterator, watch);
    this.#oneShots.set(iterator, known);
    return known;
  }
}

function watchedIterator(iterator: AnyIterator, watch: StepWatch): AsyncIterableIterator<unknown> {
  return {
    async next() {
      await watch.before();
      const step = await iterator.next();
      if (step.done !== true) {
        const value: unknown = await step.value;
        watch.after(value);
        return { done: false, value };
      }
      return step;
    },
    async return() {
      return (await iterator.return?.()) ?? { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
