import { systemClock } from '../../ports/clock.js';
import { alarmAt } from '../../run/ending/alarm.js';
import type { ChildExecution } from '../plan/plan.js';

/**
 * Waits for a child to end; after it has failed or its own scope has ended, at most the grace period.
 *
 * A child that still runs then is detached: its composite goes on, and the child lingers until the end of the run.
 */
export function inTime(child: ChildExecution, running: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    let stopAlarm: (() => void) | undefined;
    const unwatch = child.onStop(() => {
      // If the parent's scope has ended, the parent limits the wait.
      if (child.parent.frame.scope.reason !== undefined) return;
      stopAlarm = alarmAt(systemClock, systemClock.now() + child.run.end.graceMs, () => {
        // A child that passed its `timeoutMs` is detached already.
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
