import { systemClock } from '../../ports/clock.js';
import { alarmAt } from '../../run/ending/alarm.js';

/** Resolves to true if a promise settles within the given milliseconds, else to false. */
export async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let stopAlarm: (() => void) | undefined;
  const late = new Promise<false>((resolve) => {
    stopAlarm = alarmAt(systemClock, systemClock.now() + ms, () => {
      resolve(false);
    });
  });
  const inTime = promise.then(
    () => true,
    () => true,
  );
  const settled = await Promise.race([inTime, late]);
  stopAlarm?.();
  return settled;
}
