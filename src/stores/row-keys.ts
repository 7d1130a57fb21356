import { hash } from 'node:crypto';
import type { RunRecord } from '../runs/run-record.js';
import { toStoredText } from './stored-text.js';

/** Hashes stand in indexes in place of ids, of which an index of PostgreSQL cannot hold two of any length. */

/** Hexadecimal digits of a hash: 128 bits. */
const DIGITS = 32;

/** The key of a run's thread: first of its id, then of its tenant. Undefined for a run without one. */
export function threadKeyOf({
  threadId,
  tenantId,
}: Pick<RunRecord, 'threadId' | 'tenantId'>): string | undefined {
  return threadId === undefined ? undefined : hashOf(threadId) + hashOfTenant(tenantId);
}

/** Between which two texts the keys are of all threads with an id, whatever their tenant. */
export function threadKeysOf(threadId: string): readonly [from: string, to: string] {
  // No digit comes behind this letter.
  return [hashOf(threadId), `${hashOf(threadId)}g`];
}

/** The key of an idempotency key and its tenant; undefined where there is none. */
export function idempotencyHashOf(tenantId: string | undefined, key: string | undefined): string | undefined {
  return key === undefined ? undefined : hashOf(key) + hashOfTenant(tenantId);
}

/** The number of a lock for a thread, of 64 bits, from both parts of its key. */
export function lockOf(threadKey: string): string {
  return String(BigInt.asIntN(64, BigInt(`0x${threadKey.slice(DIGITS - 8, DIGITS + 8)}`)));
}

/** No tenant is not the tenant without a name. */
function hashOfTenant(tenantId: string | undefined): string {
  return tenantId === undefined ? '0'.repeat(DIGITS) : hashOf(tenantId);
}

/** The key of a text that is looked up as it is. */
export function hashOf(text: string): string {
  return hash('sha256', toStoredText(text)).slice(0, DIGITS);
}
