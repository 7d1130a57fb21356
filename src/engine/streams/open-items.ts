import { PipelineError } from '../../errors/pipeline-error.js';
import { hasProperty, isArray, isInstanceOf, isObject } from '../../data/foreign-value.js';
import { isStream, isWebStream } from '../../data/streams.js';
import type { WebStream } from '../../data/streams.js';
import { ItemStream } from './item-stream.js';

/** What gives the items of an opened source. */
export type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/** A source that has been opened. */
export interface OpenedItems {
  readonly iterator: AnyIterator;
  readonly isAsync: boolean;
  /** The items themselves, where they are an array that iterates as arrays do: then nobody needs to ask the iterator. */
  readonly list: readonly unknown[] | undefined;
}

/**
 * Iterators and streams that have been opened: one gives its items once, and a second opening must be refused.
 * It is no state of a run: whether an iterator is used up is a fact about the iterator.
 */
const opened = new WeakSet();

const iterateArray = Array.prototype[Symbol.iterator];

/** Stands for an iterator that has ended by itself. */
export const DONE: Iterator<unknown> = { next: () => ({ done: true, value: undefined }) };

/** As any loop over an iterable does. */
export function refuseNoResult(step: unknown): void {
  if (typeof step === 'object' && step !== null) return;
  throw new TypeError('the iterator gave no result object');
}

/** Whether something can be iterated, at once or with waiting. */
export function isIterable(items: unknown): boolean {
  return (
    typeof items === 'string' ||
    hasProperty(items, Symbol.asyncIterator) ||
    hasProperty(items, Symbol.iterator)
  );
}

/**
 * Begins to iterate what a source or a stream transform gave.
 *
 * @param what names the giver in the error.
 * @throws {@link PipelineError} `SOURCE_EXHAUSTED` where it gives its items once and was opened before, a TypeError
 * where it is nothing to iterate, and what the user's code throws.
 */
export function openItems(items: unknown, path: string, what = 'a source'): OpenedItems {
  const isOnce = isStream(items) || isInstanceOf(items, ItemStream);
  if (isOnce) {
    refuseOpened(items, path);
    // The stream's own iterator could not be told to stop while it waits.
    if (isWebStream(items)) return { iterator: readerOf(items), isAsync: true, list: undefined };
  }
  const source: Partial<AsyncIterable<unknown>> & Partial<Iterable<unknown>> = Object(items) as object;
  const openAsync = source[Symbol.asyncIterator];
  const open = openAsync ?? source[Symbol.iterator];
  if (typeof open !== 'function') {
    throw new TypeError(`${what} must give an iterable, not ${items === null ? 'null' : typeof items}`);
  }
  const iterator: unknown = (open as () => unknown).call(items);
  if (!isObject(iterator)) throw new TypeError(`${what} gave an iterable without an iterator`);
  if (isArray(items) && open === iterateArray)
    return { iterator: iterator as AnyIterator, isAsync: false, list: items };
  if (!isOnce) refuseOpened(iterator, path);
  return { iterator: iterator as AnyIterator, isAsync: openAsync !== undefined, list: undefined };
}

/** Whether an error says that something was refused because it had been opened before: then it belongs to another reader. */
export function isRefusal(thrown: unknown, path: string): thrown is PipelineError {
  return isInstanceOf(thrown, PipelineError) && thrown.code === 'SOURCE_EXHAUSTED' && thrown.path === path;
}

/** Notes that something is opened that can be opened once. */
function refuseOpened(once: object, path: string): void {
  if (opened.has(once)) {
    throw new PipelineError('SOURCE_EXHAUSTED', {
      path,
      problem: 'This source gives its items once, and it has been opened before.',
      remedy: 'Give a function that makes a new one, an array, or a SourceNode.',
    });
  }
  opened.add(once);
}

/** An iterator over a web stream that can be told to stop while it waits for an item. */
function readerOf(stream: WebStream): AsyncIterator<unknown> {
  let reader: ReturnType<WebStream['getReader']> | undefined;
  return {
    // Locked when it is begun: a stream that nobody has read stays its owner's.
    next: () => (reader ??= stream.getReader()).read(),
    async return() {
      await reader?.cancel();
      reader?.releaseLock();
      return { done: true, value: undefined };
    },
  };
}
