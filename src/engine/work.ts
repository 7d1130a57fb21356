/** What a step of the engine gives: nothing when it is done, or a promise that never rejects. */
export type Work = Promise<void> | undefined;

/** Whether something must be awaited: a promise, or anything with a method `then`. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/**
 * Goes on when work is done: at once where there is nothing to await.
 *
 * Where every item passes, the same is written out instead: there the function would be made for each of them.
 */
export function after(work: Work, next: () => Work): Work {
  return work === undefined ? next() : work.then(next);
}
