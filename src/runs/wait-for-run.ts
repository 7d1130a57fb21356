import { ignoreRejection, readProperty } from '../data/foreign-value.js';
import { checkOptions, rule } from '../errors/option-rules.js';
import { runNotFound } from '../errors/run-errors.js';
import { systemClock } from '../ports/clock.js';
import { alarmAt } from '../run/ending/alarm.js';
import { managerClosed } from './run-desk.js';
import type { RunDesk } from './run-desk.js';
import type { RunRecord } from './run-record.js';
import { isOpen } from './run-status.js';

/** How long a run is waited for. */
export interface WaitOptions {
  /** Ends the waiting: it rejects with the signal's reason. The run goes on. */
  readonly signal?: AbortSignal | undefined;
  /** After so many milliseconds the waiting resolves with the record as it is then. Default: without a limit. */
  readonly timeoutMs?: number | undefined;
}

const FIRST_POLL_MS = 10;
const MOST_POLL_MS = 1000;

/** Waits until a run has ended, wherever it is executed, and gives its record. */
export async function waitForRun(
  desk: RunDesk,
  runId: string,
  options: WaitOptions,
  isSeen: (record: RunRecord) => boolean,
): Promise<RunRecord> {
  checkOptions('wait', options, { signal: rule.signal, timeoutMs: rule.milliseconds });
  const { signal, timeoutMs } = options;
  const untilMs = timeoutMs === undefined ? Infinity : performance.now() + timeoutMs;
  let pollMs = Math.min(FIRST_POLL_MS, desk.parts.heartbeatMs);
  for (;;) {
    const own = desk.own(runId);
    const record = own?.record ?? (await desk.lookUp(runId));
    if (record === undefined || !isSeen(record)) throw runNotFound(runId);
    if (!isOpen(record.status)) return record;
    if (signal?.aborted === true) throw readProperty(signal, 'reason');
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0) return record;
    await pause(desk, own?.ended, own === undefined ? Math.min(leftMs, pollMs) : leftMs, signal);
    // The store may have been closed since.
    if (own !== undefined && !isOpen(own.record.status)) return own.record;
    pollMs = Math.min(pollMs * 2, MOST_POLL_MS, desk.parts.heartbeatMs);
  }
}

/** Resolves with something else, after a time, or when the signal aborts; rejects when the manager is closed. */
function pause(
  desk: RunDesk,
  other: Promise<unknown> | undefined,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      forget();
      stopAlarm?.();
      signal?.removeEventListener('abort', end);
      if (desk.isClosed) reject(managerClosed());
      else resolve();
    };
    const stopAlarm = ms === Infinity ? undefined : alarmAt(systemClock, systemClock.now() + ms, end);
    const forget = desk.onClosed(end);
    signal?.addEventListener('abort', end);
    if (other !== undefined) ignoreRejection(other.then(end));
  });
}
