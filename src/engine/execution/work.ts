/** Return type of the engine's steps: undefined when done, else a promise that never rejects. */
export type Work = Promise<void> | undefined;

/**
 * Calls `next` when work is done: at once if there is no promise.
 *
 * Not used on the path of every item: there `next` would be a new function per item.
 */
export function after(work: Work, next: () => Work): Work {
  return work === undefined ? next() : work.then(next);
}
