/** What a step of the engine gives: nothing when it is done, or a promise that never rejects. */
export type Work = Promise<void> | undefined;

/** Whether something must be awaited: a promise, or anything with a method `then`. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value instanceof Promise) return true;
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/**
 * Goes on when work is done: at once where there is nothing to await.
 *
 * Where every item passes, the same is written out instead: there the function would be made for each of them.
 */
export function after(work: Work, next: () => Work): Work {
  return work === undefined ? next() : work.then(next);
}
