import type { Execution } from './execution.js';

/** Waits so long, or until the execution has failed or was cancelled. */
export function pause(execution: Execution, ms: number): Promise<void> {
  if (ms <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      unwatch();
      resolve();
    };
    const timer = setTimeout(finish, Math.min(ms, 2 ** 31 - 1));
    const unwatch = execution.onStop(finish);
    if (execution.isHalted) finish();
  });
}
