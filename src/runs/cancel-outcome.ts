import type { RunRecord } from './run-record.js';
import { isOpen } from './run-status.js';

/**
 * What became of a cancel.
 *
 * `cancelled`: the run ends, or has ended, as `interrupted`; it runs or was queued here. `requested`: its living owner
 * is told through the store. `taken_over`: its owner was dead, and it was ended in its place. `not_cancellable`: it has
 * ended otherwise, or is about to. `unknown`: there is no such run.
 */
export type CancelOutcome = 'cancelled' | 'requested' | 'taken_over' | 'not_cancellable' | 'unknown';

/** What a cancel of an ended run answers; of an open one, that its owner is asked. */
export function outcomeOf({ status }: Pick<RunRecord, 'status'>): CancelOutcome {
  if (isOpen(status)) return 'requested';
  return status === 'interrupted' ? 'cancelled' : 'not_cancellable';
}
