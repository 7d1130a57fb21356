import { within } from '../engine/execution/within.js';
import { managerClosed } from './run-desk.js';
import type { OwnRun } from './own-run.js';
import type { RunDesk } from './run-desk.js';
import type { Sweeper } from './sweeper.js';

/** What became of the runs of a manager that was closed, by their ids. */
export interface CloseReport {
  /** Those that ended by themselves meanwhile. */
  readonly ended: readonly string[];
  /** Those that were cancelled, running or waiting. */
  readonly cancelled: readonly string[];
  /** Those that did not stop in time: stored as `interrupted`, while their work may still go on. */
  readonly abandoned: readonly string[];
  /** Those whose end or events could not be stored; they may stand in another list too. */
  readonly unpersisted: readonly string[];
}

/** How long the last writes may take beyond the time of a close. */
const LAST_WRITES_MS = 250;

/** Closes a manager: no more starts, runs cancelled and waited for, the store closed last. */
export async function closeManager(desk: RunDesk, sweeper: Sweeper, timeoutMs: number): Promise<CloseReport> {
  const untilMs = performance.now() + timeoutMs;
  const left = (): number => Math.max(0, untilMs - performance.now());
  desk.beginClosing();
  await within(Promise.allSettled([sweeper.stop(), desk.starting.whenNone()]), left());
  await within(giveBack(desk), left());
  const open = new Set([...desk.late, ...desk.all()].filter((run) => !desk.unstored.has(run)));
  const runs = [...open];
  const runIds = ids(runs);
  const readers = [...desk.following].filter(({ runId }) => runIds.includes(runId));
  for (const run of runs)
    void run.stop({ action: 'interrupt', reason: 'shutdown', message: 'the manager is closed' });
  await within(Promise.all(runs.map((run) => run.ended.then(() => open.delete(run)))), left());
  const abandoned = [...open];
  for (const run of abandoned) run.abandon();
  await within(lastWrites(desk, abandoned), Math.max(LAST_WRITES_MS, left()));
  // Who waits for the next event gets the last one too; who is slow reads on from another manager.
  await within(Promise.all(readers.map((reader) => reader.whenOver())), LAST_WRITES_MS);
  const unpersisted = new Set([...desk.unstored, ...desk.all()]);
  desk.endClosing();
  await within(
    desk.store.close().catch((error: unknown) => {
      desk.log('error', { error }, 'the store of runs could not be closed');
    }),
    Math.max(LAST_WRITES_MS, left()),
  );
  const stopped = runs.filter((run) => !abandoned.includes(run));
  return Object.freeze({
    ended: ids(stopped.filter((run) => !run.wasShutDown)),
    cancelled: ids(stopped.filter((run) => run.wasShutDown)),
    abandoned: ids(abandoned),
    unpersisted: ids([...unpersisted]),
  });
}

/** Runs that wait and have a name are left to other managers. */
async function giveBack(desk: RunDesk): Promise<void> {
  const waiting = desk.all().filter((run) => run.isWaiting && run.record.definition !== undefined);
  if (waiting.length === 0) return;
  const lease = { ...desk.lease, ms: 0 };
  for (const run of waiting) {
    desk.lost(run);
    run.release(managerClosed());
  }
  await desk.store.ask((to) => to.renew(lease, ids(waiting)));
}

async function lastWrites(desk: RunDesk, abandoned: readonly OwnRun[]): Promise<void> {
  await Promise.all(abandoned.map((run) => run.ended));
  await desk.storeRest();
}

function ids(runs: readonly OwnRun[]): readonly string[] {
  return Object.freeze(runs.map((run) => run.record.runId));
}
