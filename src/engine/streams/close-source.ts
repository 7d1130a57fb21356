import { hasMethod, isThenable, readProperty, toPromise } from '../../data/foreign-value.js';
import { wholeNodeFailed } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import { DONE } from './open-items.js';
import type { AnyIterator } from './open-items.js';
import type { StageSite } from '../execution/stage-site.js';
import type { Work } from '../execution/work.js';

/** How things that give items are closed, by the method that they have: the first one counts. */
const closers: readonly PropertyKey[] = ['destroy', 'cancel', Symbol.asyncDispose, Symbol.dispose, 'close'];

/** What is to be closed. */
export interface ClosedSource {
  /** What gave the iterator, where it is to be closed too. */
  readonly items: unknown;
  /** Undefined where it was never made, or has ended by itself. */
  readonly iterator: AnyIterator | undefined;
}

/**
 * Tells an iterator that nobody wants more of it, then closes what gave it.
 *
 * An iterator that still waits for its next item answers only afterwards, or never. So what gave it is closed a turn of
 * the event loop later, whether the iterator has answered or not: a stream ends by that.
 *
 * @param failed gets what is thrown on the way.
 * @returns a promise where something must be waited for; never rejects.
 */
export function closeSource({ items, iterator }: ClosedSource, failed: (thrown: unknown) => void): Work {
  const returned = call(iterator ?? (isIterator(items) ? items : undefined), 'return', failed);
  const closer = closers.find((name) => hasMethod(items, name));
  if (closer === undefined) return returned;
  if (returned === undefined) return call(items, closer, failed);
  return closeAfter(returned, () => call(items, closer, failed));
}

/**
 * Takes what was thrown when the iterator of a node was closed; only where the execution has ended is it an error.
 *
 * @param iterator what stands for the iterator now.
 */
export function closeFailed(
  execution: Execution,
  site: StageSite,
  iterator: AnyIterator | undefined,
  thrown: unknown,
): void {
  // Of what has thrown already, or says only that its run has ended, nothing more is to be told.
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

/** Calls a method where there is one, and waits for what it gives. */
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

/** A generator, or another iterator that was given itself. */
function isIterator(items: unknown): boolean {
  return hasMethod(items, 'next') && hasMethod(items, 'return');
}
