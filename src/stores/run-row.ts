import { frozenJson } from '../data/frozen-json.js';
import type { JsonObject } from '../data/json-value.js';
import { isErrorRecord } from '../ports/error-record.js';
import type { OwnedRecord } from '../runs/changed-record.js';
import { cancelActions, runStrategies } from '../runs/run-record.js';
import type {
  CancelRequest,
  DisconnectMode,
  RequestedCancel,
  RunRecord,
  RunStopReason,
} from '../runs/run-record.js';
import { isOpen, runStatuses } from '../runs/run-status.js';
import type { Lease } from '../runs/run-store.js';
import { idempotencyHashOf, threadKeyOf } from './row-keys.js';
import { mergedValues } from './statement.js';
import type { SqlRow, SqlValues } from './statement.js';
import { isJsonObject, isListOfCosts, isTableOfCounts } from './stored-shapes.js';
import { StoredRow } from './stored-row.js';
import { toStoredText } from './stored-text.js';

const disconnectModes = ['cancel', 'continue'] as const satisfies readonly DisconnectMode[];
const stopReasons = [
  ...(['user', 'superseded', 'deadline', 'disconnect', 'shutdown', 'budget'] as const),
  'orphan_recovered',
] satisfies readonly RunStopReason[];

/** A run as it is stored, and which state of the row that was. */
export interface StoredRun extends OwnedRecord {
  readonly revision: number;
}

/** The values of a new run's row; `input` and `maxQueued` are not part of the record. */
export function valuesOfRun(record: RunRecord, lease: Lease, input: JsonObject | undefined): SqlValues {
  const { tenantId, idempotencyKey } = record;
  const threadKey = threadKeyOf(record);
  const own = {
    activeThread: record.status === 'running' ? threadKey : null,
    runId: toStoredText(record.runId),
    tenantId: optionalText(tenantId),
    threadId: optionalText(record.threadId),
    threadKey,
    idempotencyKey: optionalText(idempotencyKey),
    idempotencyHash: idempotencyHashOf(tenantId, idempotencyKey),
    pipelineName: toStoredText(record.pipelineName),
    definition: optionalText(record.definition),
    strategy: record.strategy,
    onDisconnect: record.onDisconnect,
    metadata: JSON.stringify(record.metadata),
    followUpToRunId: optionalText(record.followUpToRunId),
    createdAt: record.createdAt,
    input: optionalJson(input),
  };
  return mergedValues(own, changingValues(record), valuesOfLease(lease));
}

/** The values of a row that an update can change. */
export function changingValues(record: RunRecord): SqlValues {
  return {
    status: record.status,
    stopReason: record.stopReason,
    error: optionalJson(record.error),
    startedAt: record.startedAt,
    endedAt: record.endedAt,
    cost: JSON.stringify(record.cost),
    counts: JSON.stringify(record.counts),
  };
}

/** The values of a lease. */
export function valuesOfLease({ token, ownerId, ms }: Lease): SqlValues {
  return { token: toStoredText(token), ownerId: toStoredText(ownerId), leaseMs: ms };
}

/**
 * Reads the row of a run; the record is frozen.
 *
 * @throws {@link PipelineError} `STORE_UNAVAILABLE` where a column holds what no store writes.
 */
export function storedRun(row: SqlRow): StoredRun {
  const runId = new StoredRow(row, 'a run').text('run_id');
  const stored = new StoredRow(row, `the run '${runId}'`);
  const status = stored.oneOf('status', runStatuses);
  const cancelRequested = cancelRequestOf(stored);
  const leaseExpiresAt = stored.optionalNumber('lease_expires_at');
  const record: RunRecord = {
    runId,
    threadId: stored.optionalText('thread_id'),
    tenantId: stored.optionalText('tenant_id'),
    pipelineName: stored.text('pipeline_name'),
    definition: stored.optionalText('definition'),
    status,
    strategy: stored.oneOf('strategy', runStrategies),
    onDisconnect: stored.oneOf('on_disconnect', disconnectModes),
    metadata: stored.json('metadata', isJsonObject),
    idempotencyKey: stored.optionalText('idempotency_key'),
    followUpToRunId: stored.optionalText('follow_up_to_run_id'),
    stopReason: stored.optionalOneOf('stop_reason', stopReasons),
    error: stored.optionalJson('error', isErrorRecord),
    cancelRequested,
    ownerId: stored.text('owner_id'),
    leaseExpiresAt,
    createdAt: stored.number('created_at'),
    startedAt: stored.optionalNumber('started_at'),
    endedAt: stored.optionalNumber('ended_at'),
    cost: stored.json('cost', isListOfCosts),
    counts: stored.json('counts', isTableOfCounts),
  };
  // Without a lease an open run could never be claimed; with one an ended run would be.
  if (isOpen(status) !== (leaseExpiresAt !== undefined)) throw stored.damaged('lease_expires_at');
  return {
    record: frozenRecord(record),
    token: stored.text('token'),
    revision: stored.number('revision'),
  };
}

/** Reads the row of a cancel that was requested. */
export function storedCancel(row: SqlRow): RequestedCancel {
  const runId = new StoredRow(row, 'a run').text('run_id');
  const stored = new StoredRow(row, `the run '${runId}'`);
  return {
    runId,
    action: stored.oneOf('cancel_action', cancelActions),
    reason: stored.oneOf('cancel_reason', stopReasons),
  };
}

/** The record as it is given away: frozen, without parts that are undefined, which JSON would not carry. */
export function frozenRecord(record: RunRecord): RunRecord {
  const parts: Record<string, unknown> = {};
  for (const name of Object.keys(record) as (keyof RunRecord)[]) {
    const part = record[name];
    if (part !== undefined) parts[name] = typeof part === 'object' ? frozenJson<unknown>(part) : part;
  }
  return Object.freeze(parts) as unknown as RunRecord;
}

function cancelRequestOf(stored: StoredRow): CancelRequest | undefined {
  const action = stored.optionalOneOf('cancel_action', cancelActions);
  return action && { action, reason: stored.oneOf('cancel_reason', stopReasons) };
}

function optionalText(text: string | undefined): string | undefined {
  return text === undefined ? undefined : toStoredText(text);
}

function optionalJson(value: object | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}
