import { systemClock } from '../../ports/clock.js';
import { alarmAt } from './alarm.js';
import type { EndingScope } from './ending-scope.js';

/**
 * Waits for an answer until a scope ends or the time is over, and leaves neither watcher nor timer behind.
 *
 * @param late makes the error of an answer that has not come in time.
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
      // It may have ended while the question was asked.
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
