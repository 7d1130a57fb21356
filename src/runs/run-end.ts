import { isInstanceOf } from '../data/foreign-value.js';
import { frozenJson } from '../data/frozen-json.js';
import { runResult } from '../engine/execution/run-result.js';
import type { RunResult } from '../engine/execution/run-result.js';
import type { CancelReason } from '../errors/cancel-reason.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { RunCancelledError } from '../errors/run-cancelled-error.js';
import { toErrorRecord } from '../ports/error-record.js';
import type { ErrorRecord } from '../ports/error-record.js';
import { noCost } from './run-record.js';
import type { RunRecord, RunStopReason } from './run-record.js';
import type { RunChanges } from './run-store.js';

/** How a run went on in the engine; neither where it was stopped before it began. */
export interface SettledRun {
  readonly result?: RunResult | undefined;
  readonly error?: unknown;
}

/** How a run ends: what is to be stored, and what its `result` rejects with. */
export interface RunEnd {
  readonly changes: RunChanges & { readonly status: RunRecord['status'] };
  /** Undefined where it succeeded. */
  readonly failure: unknown;
  readonly result: RunResult | undefined;
}

/** What an end is decided from. */
export interface EndFacts {
  readonly settled: SettledRun;
  /** Why the run as a whole was ended from outside of its nodes, if it was. */
  readonly reason: CancelReason['kind'] | undefined;
  readonly endedAt: number;
  /** Replaces the values of secrets. */
  readonly redact: (record: ErrorRecord) => ErrorRecord;
}

/** What nodes see as the kind of a cancel. */
export const kindOf: Readonly<Record<RunStopReason, CancelReason['kind']>> = {
  user: 'user',
  disconnect: 'user',
  superseded: 'superseded',
  shutdown: 'shutdown',
  orphan_recovered: 'shutdown',
  deadline: 'deadline',
  budget: 'budget',
};

/** The end of a run that nobody has stopped: by what its work came to, and by its own limits. */
export function endBySettling({ settled, reason, endedAt, redact }: EndFacts): RunEnd {
  const { error } = settled;
  const result = settledResult(settled);
  const bill = billOf(result);
  if (error === undefined)
    return { changes: { status: 'success', endedAt, ...bill }, failure: undefined, result };
  const record = (): ErrorRecord => frozenJson(redact(toErrorRecord(error)));
  const wasEnded = result?.status === 'cancelled' && reason !== undefined;
  if (!wasEnded)
    return { changes: { status: 'error', error: record(), endedAt, ...bill }, failure: error, result };
  const ended = { endedAt, ...bill };
  const changes: RunEnd['changes'] =
    reason === 'deadline'
      ? { status: 'timeout', stopReason: 'deadline', error: record(), ...ended }
      : reason === 'budget'
        ? { status: 'error', stopReason: 'budget', error: record(), ...ended }
        : { status: 'interrupted', stopReason: stopReasonOf(reason), ...ended };
  return { changes, failure: error, result };
}

/** The end of a run that was stopped, whatever its work came to afterwards. */
export function endByStopping(
  { settled, endedAt }: Pick<EndFacts, 'settled' | 'endedAt'>,
  {
    stopReason,
    message,
    path,
  }: { readonly stopReason: RunStopReason; readonly message?: string | undefined; readonly path: string },
): RunEnd {
  const result = settledResult(settled);
  const isCancel = isInstanceOf(settled.error, RunCancelledError) && result?.status === 'cancelled';
  return {
    changes: { status: 'interrupted', stopReason, endedAt, ...billOf(result) },
    failure: isCancel
      ? settled.error
      : new RunCancelledError({ kind: kindOf[stopReason], message: message ?? 'the run was stopped' }, path),
    result,
  };
}

/** The end of a run that has failed after its work was done. */
export function endByError(end: RunEnd, error: unknown): RunEnd {
  const { endedAt, cost, counts } = end.changes;
  const changes = {
    status: 'error',
    error: frozenJson(toErrorRecord(error)),
    endedAt,
    cost,
    counts,
  } as const;
  const result = end.result && runResult({ ...end.result, status: 'failed' });
  return { changes, failure: error, result };
}

/** True for the reasons after which a run ends as `interrupted`. */
export function isInterrupting(kind: CancelReason['kind']): boolean {
  return kind !== 'deadline' && kind !== 'budget';
}

function stopReasonOf(kind: CancelReason['kind']): RunStopReason {
  return kind === 'superseded' || kind === 'shutdown' ? kind : 'user';
}

/** How the run came out in the engine, where it began there; on an error, whatever that is. */
export function settledResult({ result, error }: SettledRun): RunResult | undefined {
  return result ?? (isInstanceOf(error, PipelineError) ? error.result : undefined);
}

function billOf(result: RunResult | undefined): Pick<RunChanges, 'cost' | 'counts'> {
  if (result === undefined) return {};
  // Without a cost at all there is none by model.
  const cost = result.cost.length === 0 ? noCost : Object.freeze(result.context.run.cost.total('model'));
  return { cost, counts: Object.freeze(Object.fromEntries(result.nodes)) };
}
