import { systemClock } from '../../ports/clock.js';
import { alarmAt } from '../../run/ending/alarm.js';
import type { ChildExecution } from '../plan/plan.js';

/**
 * Waits for a child. One that has failed, or whose own scope has ended, is waited for like such a run, then it goes on
 * by itself till the run's end.
 */
export function inTime(child: ChildExecution, running: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    let stopAlarm: (() => void) | undefined;
    const unwatch = child.onStop(() => {
      // The end of a scope around it is awaited there.
      if (child.parent.frame.scope.reason !== undefined) return;
      stopAlarm = alarmAt(systemClock, systemClock.now() + child.run.end.graceMs, () => {
        // After its limit it lingers already.
        if (child.isDetached) return;
        child.parent.linger(running);
        child.detach();
        resolve();
      });
    });
    void running.then(() => {
      unwatch();
      stopAlarm?.();
      resolve();
    });
  });
}
