/** What a step of the engine gives: nothing when it is done, or a promise that never rejects. */
export type Work = Promise<void> | undefined;

/**
 * Goes on when work is done: at once where there is nothing to await.
 *
 * Where every item passes, the same is written out instead: there the function would be made for each of them.
 */
export function after(work: Work, next: () => Work): Work {
  return work === undefined ? next() : work.then(next);
}
