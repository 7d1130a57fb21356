import { systemClock } from '../../ports/clock.js';
import { alarmAt } from './alarm.js';
import type { EndingScope } from './ending-scope.js';

/**
 * Waits for a promise until a scope ends or the time is over. Removes its watcher and timer in any case.
 *
 * @param late makes the error with which to reject when the time is over.
 */
export async function answerWithin<T>(
  answer: Promise<T>,
  scope: EndingScope,
  timeoutMs: number,
  late: () => Error,
): Promise<T> {
  let leave = (): void => undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      answer.then(resolve, reject);
      const end = (): void => {
        if (scope.reason !== undefined) reject(scope.reason);
      };
      const unwatch = scope.watch(end);
      // The scope may have ended before it was watched.
      end();
      const stopAlarm = alarmAt(systemClock, systemClock.now() + timeoutMs, () => {
        reject(late());
      });
      leave = () => {
        unwatch();
        stopAlarm();
      };
    });
  } finally {
    leave();
  }
}
