import { letGo } from '../../ports/clock.js';
import type { Clock } from '../../ports/clock.js';

/** Longest delay that timers support; Node fires a timer with a longer delay at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * Sets an alarm at a time of a clock, however far away; returns the function that stops the alarm.
 *
 * @param epochMs time of the alarm, in milliseconds since the epoch.
 * @param ring called at that time.
 * @param keepsAlive if false, the alarm does not keep the process from exiting.
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
