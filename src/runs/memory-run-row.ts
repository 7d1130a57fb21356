import { frozenJson } from '../data/frozen-json.js';
import type { JsonObject } from '../data/json-value.js';
import { systemClock } from '../ports/clock.js';
import type { MemoryRunLog } from './memory-run-log.js';
import type { RunRecord } from './run-record.js';
import type { ClaimOptions, Lease, RunThread } from './run-store.js';

/** One run in a memory store. */
export interface Row {
  record: RunRecord;
  token: string;
  readonly log: MemoryRunLog;
  readonly input: JsonObject | undefined;
}

/** A new record as it is kept: nobody who holds a part of it can change that. */
export function keptRecord(record: RunRecord): RunRecord {
  const { metadata, cost, counts } = record;
  const parts = { metadata: frozenJson(metadata), cost: frozenJson(cost), counts: frozenJson(counts) };
  const isKept = parts.metadata === metadata && parts.cost === cost && parts.counts === counts;
  return isKept ? record : { ...record, ...parts };
}

/** The record with the lease prolonged; one that was given back expired long ago, so that its grace is over too. */
export function leased(record: RunRecord, { ownerId, ms }: Lease): RunRecord {
  return Object.freeze({ ...record, ownerId, leaseExpiresAt: ms === 0 ? 0 : systemClock.now() + ms });
}

/** Whether a run belongs to nobody who lives, and may go to the lease of the options. */
export function isClaimable(
  { token, record }: Row,
  { lease, graceMs, definitions, runId }: ClaimOptions,
): boolean {
  if (token === lease.token || (record.leaseExpiresAt ?? 0) + graceMs > systemClock.now()) return false;
  if (runId !== undefined) return record.runId === runId;
  const { definition, status } = record;
  return status === 'running' || definition === undefined || definitions.includes(definition);
}

/** Whether a run belongs to a thread. */
export function isOfThread(record: RunRecord, { threadId, tenantId }: RunThread): boolean {
  return record.threadId === threadId && record.tenantId === tenantId;
}

/** Tells of records whether they are of a tenant: of any with undefined, of none with null. */
export function tenantTest(tenantId: string | null | undefined): (record: RunRecord) => boolean {
  if (tenantId === undefined) return () => true;
  return (record) => record.tenantId === (tenantId ?? undefined);
}
