import { letGo } from '../../ports/clock.js';
import type { Clock } from '../../ports/clock.js';

/** The longest delay that a timer takes; a longer one would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * Calls back at a moment of a clock, also one further away than a timer reaches; gives the function that calls it off.
 *
 * @param epochMs the moment, in milliseconds since the epoch.
 * @param keepsAlive whether the process waits for it.
 */
export function alarmAt(clock: Clock, epochMs: number, ring: () => void, keepsAlive = true): () => void {
  let timer: unknown;
  const arm = (): void => {
    // Rounded up: a timer drops the fraction, and would ring too early.
    const leftMs = Math.ceil(epochMs - clock.now());
    timer = clock.setTimeout(
      leftMs <= LONGEST_DELAY_MS ? ring : arm,
      Math.min(Math.max(leftMs, 0), LONGEST_DELAY_MS),
    );
    if (!keepsAlive) letGo(timer);
  };
  arm();
  return () => {
    clock.clearTimeout(timer);
  };
}
