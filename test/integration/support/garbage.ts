import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects garbage; the flag that makes this possible is set when it is first needed. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
}

/** Whether nothing holds any of some objects any more; tries for a few turns, as timers and promises end. */
export async function isCollected(...refs: readonly WeakRef<object>[]): Promise<boolean> {
  for (let turn = 0; turn < 20; turn += 1) {
    // A reference that was looked at is held until the end of the turn.
    await new Promise((resolve) => setTimeout(resolve, 1));
    collectGarbage();
    if (refs.every((ref) => ref.deref() === undefined)) return true;
  }
  return false;
}

/** The megabytes of heap in use after garbage has been collected. */
export function heapInUse(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1_048_576;
}
