import { alarmAt } from '../../run/ending/alarm.js';
import type { Execution } from '../execution/execution.js';

/** Waits the given milliseconds, or until the execution fails or is cancelled. For 0, one turn of the event loop. */
export function pause(execution: Execution, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms <= 0) {
      setImmediate(resolve);
      return;
    }
    let unwatch = (): void => undefined;
    const finish = (): void => {
      stopAlarm();
      unwatch();
      resolve();
    };
    const { clock } = execution.scope;
    const stopAlarm = alarmAt(clock, clock.now() + ms, finish);
    unwatch = execution.onStop(finish);
  });
}
