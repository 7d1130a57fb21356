import { enterExecution } from './active-scopes.js';
import { systemClock } from '../../ports/clock.js';
import { alarmAt } from '../../run/ending/alarm.js';
import type { Closing } from './closing-steps.js';
import type { Execution } from './execution.js';
import { within } from './within.js';

/**
 * Waits until a child execution is closed, at most the grace period. A flush or disposer that still hangs is then late.
 *
 * The run's own deadline begins only after its last item, and the child's item is not done before the child is closed.
 */
export function closedInTime(execution: Execution, closing: Closing, closed: Promise<void>): Promise<void> {
  const { end } = execution.run;
  return new Promise((resolve) => {
    const giveUp = async (): Promise<void> => {
      const hurried = closing.hurry();
      if (hurried !== undefined) await within(hurried, end.tailMs);
      closing.giveUp();
      resolve();
    };
    const stopAlarm = alarmAt(systemClock, systemClock.now() + end.leftMs, () => {
      enterExecution(execution, () => void giveUp());
    });
    void closed.then(() => {
      stopAlarm();
      resolve();
    });
  });
}
