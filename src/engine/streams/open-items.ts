import { PipelineError } from '../../errors/pipeline-error.js';
import { hasProperty, isArray, isInstanceOf, isObject } from '../../data/foreign-value.js';
import { isStream, isWebStream } from '../../data/streams.js';
import type { WebStream } from '../../data/streams.js';
import { ItemStream } from './item-stream.js';

/** A synchronous or asynchronous iterator. */
export type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/** An opened source: its iterator, and its array if it is one. */
export interface OpenedItems {
  readonly iterator: AnyIterator;
  readonly isAsync: boolean;
  /** The array, if the items are an array with the standard iterator: it is then read by index. */
  readonly list: readonly unknown[] | undefined;
}

/**
 * Iterators and streams that have been opened. They give their items once, so a second opening is refused.
 *
 * Module state is right here: whether an iterator is used up does not depend on the run.
 */
const opened = new WeakSet();

const iterateArray = Array.prototype[Symbol.iterator];

/** Replaces an iterator that has ended or thrown: it gives no items, and need not be closed. */
export const DONE: Iterator<unknown> = { next: () => ({ done: true, value: undefined }) };

/** Throws a TypeError if `next` returned no object, as a `for` loop does. */
export function refuseNoResult(step: unknown): void {
  if (typeof step === 'object' && step !== null) return;
  throw new TypeError('the iterator gave no result object');
}

/** True for a string, an iterable or an async iterable. */
export function isIterable(items: unknown): boolean {
  return (
    typeof items === 'string' ||
    hasProperty(items, Symbol.asyncIterator) ||
    hasProperty(items, Symbol.iterator)
  );
}

/**
 * Gets the iterator of the items that a source or a stream transform returned.
 *
 * @param what names the source or transform in the error message.
 * @throws {@link PipelineError} `SOURCE_EXHAUSTED` when the items can be read only once and were opened before; a
 * TypeError when they are not iterable; any error of the user's code.
 */
export function openItems(items: unknown, path: string, what = 'a source'): OpenedItems {
  const isOnce = isStream(items) || isInstanceOf(items, ItemStream);
  if (isOnce) {
    refuseOpened(items, path);
    // A web stream's own iterator cannot be stopped while it waits for an item.
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

/** True for the error of {@link openItems} about a second opening. The items then belong to another reader. */
export function isRefusal(thrown: unknown, path: string): thrown is PipelineError {
  return isInstanceOf(thrown, PipelineError) && thrown.code === 'SOURCE_EXHAUSTED' && thrown.path === path;
}

/** Marks an iterator or stream as opened; throws if it was marked before. */
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
    // The lock is taken with the first read, so that a stream which is never read stays usable.
    next: () => (reader ??= stream.getReader()).read(),
    async return() {
      await reader?.cancel();
      reader?.releaseLock();
      return { done: true, value: undefined };
    },
  };
}
