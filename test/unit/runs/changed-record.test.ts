import { describe, expect, it } from 'vitest';
import { changedRecord } from '../../../src/runs/changed-record.js';
import type { RunRecord } from '../../../src/runs/run-record.js';

const record: RunRecord = {
  runId: 'r',
  pipelineName: 'P',
  status: 'running',
  strategy: 'reject',
  onDisconnect: 'continue',
  metadata: {},
  ownerId: 'o',
  leaseExpiresAt: 9,
  createdAt: 1,
  cost: [],
  counts: {},
};
const lease = { token: 't', ownerId: 'o', ms: 1 };
const run = { record, token: 't' };
const running = { status: ['running'], lease } as const;

describe('the change of a record', () => {
  it('sets what is given, leaves the rest, and ends the lease with the run', () => {
    const changed = changedRecord(run, running, { status: 'success', endedAt: 5, stopReason: undefined });
    expect(changed).toEqual({ ...record, status: 'success', endedAt: 5, leaseExpiresAt: undefined });
    expect(Object.isFrozen(changed)).toBe(true);
    expect(record.status).toBe('running');
  });

  it('is refused to another owner, for another status, and without a way', () => {
    expect(changedRecord({ record, token: 'other' }, running, { status: 'success' })).toBeUndefined();
    expect(changedRecord(run, { status: ['pending'], lease }, { status: 'success' })).toBeUndefined();
    expect(changedRecord(run, running, { status: 'pending' })).toBeUndefined();
    const ended = { record: { ...record, status: 'success' as const }, token: 't' };
    expect(changedRecord(ended, { status: ['success'] }, { endedAt: 5 })).toBeUndefined();
  });

  it('gives the very record for a repeat by the same lease, whatever the order of keys', () => {
    const error = { name: 'E', message: 'm', code: undefined };
    const end = { status: 'error', endedAt: 5, error } as const;
    const ended = changedRecord(run, running, end) ?? record;
    const again = { ...end, error: { message: 'm', name: 'E' } };
    expect(changedRecord({ record: ended, token: 't' }, running, again)).toBe(ended);
    expect(changedRecord({ record: ended, token: 't' }, { status: ['running'] }, again)).toBeUndefined();
    expect(changedRecord({ record: ended, token: 't' }, running, { ...end, endedAt: 6 })).toBeUndefined();
  });

  it('is beaten by a cancel that was requested, unless it is the cancel', () => {
    const cancelRequested = { action: 'interrupt', reason: 'user' } as const;
    const cancelled = { record: { ...record, cancelRequested }, token: 't' };
    for (const status of ['success', 'error', 'timeout'] as const)
      expect(changedRecord(cancelled, running, { status })).toBeUndefined();
    expect(changedRecord(cancelled, running, { status: 'interrupted' })?.status).toBe('interrupted');
  });
});
