import { describe, expect, it } from 'vitest';
import { idempotencyHashOf, lockOf, threadKeyOf, threadKeysOf } from '../../../src/stores/row-keys.js';

describe('the key of a thread', () => {
  it('is another one for each tenant, and for none', () => {
    const tenants = [undefined, '', 'a', '\0', '0'.repeat(32)];
    const keys = tenants.map((tenantId) => threadKeyOf({ threadId: 'thread', tenantId }));
    expect(new Set(keys).size).toBe(tenants.length);
    expect(threadKeyOf({ tenantId: 'a' })).toBeUndefined();
  });

  it('stands between two texts with those of other tenants, and of no other thread', () => {
    const [from, to] = threadKeysOf('thread');
    const isBetween = (key = '') => key >= from && key < to;
    expect(isBetween(threadKeyOf({ threadId: 'thread' }))).toBe(true);
    expect(isBetween(threadKeyOf({ threadId: 'thread', tenantId: 'a' }))).toBe(true);
    expect(isBetween(threadKeyOf({ threadId: 'thread 2' }))).toBe(false);
  });

  it('is never that of an idempotency key with the parts the other way round', () => {
    expect(idempotencyHashOf('a', 'b')).not.toBe(idempotencyHashOf('b', 'a'));
    expect(idempotencyHashOf('a', undefined)).toBeUndefined();
  });

  it('has a lock of 64 bits, which depends on the thread and on the tenant', () => {
    const locks = [
      { threadId: 'a' },
      { threadId: 'b' },
      { threadId: 'a', tenantId: 'a' },
      { threadId: 'a', tenantId: 'b' },
    ].map((thread) => lockOf(threadKeyOf(thread) ?? ''));
    expect(new Set(locks).size).toBe(4);
    for (const lock of locks) expect(BigInt.asIntN(64, BigInt(lock))).toBe(BigInt(lock));
  });
});
