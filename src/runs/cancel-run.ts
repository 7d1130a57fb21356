import type { CancelOutcome } from './cancel-outcome.js';
import { outcomeOf } from './cancel-outcome.js';
import type { StopRequest } from './own-run.js';
import type { RunDesk } from './run-desk.js';
import type { RunRecord } from './run-record.js';
import { isOpen, openStatuses } from './run-status.js';

/**
 * Cancels a run, wherever it is executed; answers before it has stopped.
 *
 * @param isSeen tells of a record whether the asker may know of it.
 */
export async function cancelRun(
  desk: RunDesk,
  runId: string,
  { message, ...request }: StopRequest,
  isSeen: (record: RunRecord) => boolean = () => true,
): Promise<CancelOutcome> {
  const own = desk.own(runId);
  if (own !== undefined) return isSeen(own.record) ? await own.stop({ ...request, message }) : 'unknown';
  const found = await desk.store.ask((to) => to.get(runId));
  if (found === undefined || !isSeen(found)) return 'unknown';
  if (!isOpen(found.status)) return outcomeOf(found);
  const requested = await desk.store.ask((to) => to.requestCancel(runId, request));
  if (requested === undefined) return 'unknown';
  if (!isOpen(requested.status)) return outcomeOf(requested);
  const { leaseGraceMs: graceMs } = desk.parts;
  const claim = { lease: desk.lease, graceMs, limit: 1, definitions: [], runId };
  const [claimed] = await desk.store.ask((to) => to.claimExpired(claim));
  if (claimed === undefined) return 'requested';
  const ended = await endOrphan(desk, claimed);
  return ended === undefined ? 'requested' : 'taken_over';
}

/** Ends a run that was claimed from a dead owner: as it was cancelled, else as an error. */
export async function endOrphan(
  desk: RunDesk,
  { runId, cancelRequested }: RunRecord,
): Promise<RunRecord | undefined> {
  const endedAt = desk.runs.newClock().now();
  const expected = { status: openStatuses, lease: desk.lease };
  const changes =
    cancelRequested === undefined
      ? ({ status: 'error', stopReason: 'orphan_recovered', error: orphaned, endedAt } as const)
      : ({ status: 'interrupted', stopReason: cancelRequested.reason, endedAt } as const);
  const ended = await desk.store.ask((to) => to.update(runId, expected, changes));
  if (ended !== undefined || cancelRequested !== undefined) return ended;
  // It may have been cancelled meanwhile.
  const found = await desk.store.ask((to) => to.get(runId));
  return found?.cancelRequested === undefined ? undefined : await endOrphan(desk, found);
}

const orphaned = Object.freeze({
  name: 'PipelineError',
  code: 'LEASE_LOST',
  message:
    'The owner of the run has died, or was cut off from the store. What it had done until then is unknown.',
});
