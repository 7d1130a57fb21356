import { hasMethod, isThenable, readProperty, toPromise } from '../../data/foreign-value.js';
import { wholeNodeFailed } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import { DONE } from './open-items.js';
import type { AnyIterator } from './open-items.js';
import type { StageSite } from '../execution/stage-site.js';
import type { Work } from '../execution/work.js';

/** Methods that close a source or stream; the first one that exists is called. */
const closers: readonly PropertyKey[] = ['destroy', 'cancel', Symbol.asyncDispose, Symbol.dispose, 'close'];

/** The iterable and the iterator to close. */
export interface ClosedSource {
  /** The iterable or stream behind the iterator; undefined if it must not be closed. */
  readonly items: unknown;
  /** The iterator; undefined if none was made. */
  readonly iterator: AnyIterator | undefined;
}

/**
 * Calls `return` of an iterator, then closes the iterable or stream behind it.
 *
 * An iterator that still waits for its next item answers `return` late or never. So the stream is closed one turn of the
 * event loop later even without an answer; closing it ends the wait.
 *
 * @param failed called with each error that closing throws.
 * @returns a promise if closing takes time; never rejects.
 */
export function closeSource({ items, iterator }: ClosedSource, failed: (thrown: unknown) => void): Work {
  const returned = call(iterator ?? (isIterator(items) ? items : undefined), 'return', failed);
  const closer = closers.find((name) => hasMethod(items, name));
  if (closer === undefined) return returned;
  if (returned === undefined) return call(items, closer, failed);
  return closeAfter(returned, () => call(items, closer, failed));
}

/**
 * Handles an error thrown while a node's iterator was closed. Reported only after the execution failed or was cancelled.
 *
 * @param iterator the node's iterator; `DONE` if it has thrown before.
 */
export function closeFailed(
  execution: Execution,
  site: StageSite,
  iterator: AnyIterator | undefined,
  thrown: unknown,
): void {
  // An iterator that threw before was reported then; the cancel reason itself is no new error.
  if (iterator === DONE || thrown === execution.scope.reason) return;
  if (execution.isHalted)
    execution.failClosing(wholeNodeFailed(site.path, thrown, 'failed when it was closed'), site);
}

async function closeAfter(returned: Promise<void>, close: () => Work): Promise<void> {
  const turn = new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
  await Promise.race([returned, turn]);
  await Promise.all([returned, close()]);
}

/** Calls a method if it exists, and waits for the promise that it may return. */
function call(target: unknown, name: PropertyKey, failed: (thrown: unknown) => void): Work {
  try {
    const method = readProperty(target, name);
    const given: unknown = typeof method === 'function' ? Reflect.apply(method, target, []) : undefined;
    if (isThenable(given)) return toPromise(given).then(() => undefined, failed);
  } catch (thrown) {
    failed(thrown);
  }
  return undefined;
}

/** True for a generator, or another object that is an iterator itself. */
function isIterator(items: unknown): boolean {
  return hasMethod(items, 'next') && hasMethod(items, 'return');
}
