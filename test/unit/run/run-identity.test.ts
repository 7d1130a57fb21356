import { describe, expect, test } from 'vitest';
import { RunIdentity } from '../../../src/run/run-identity.js';

describe('a run identity', () => {
  test('makes its ids when they are first read, and keeps them', () => {
    const one = new RunIdentity();
    const other = new RunIdentity();

    expect(one.get('runId')).toBe(one.get('runId'));
    expect(one.get('correlationId')).toBe(one.get('correlationId'));
    expect(one.get('runId')).not.toBe(other.get('runId'));
    expect(one.get('correlationId')).not.toBe(other.get('correlationId'));
  });

  test('is its own root without a parent', () => {
    const identity = new RunIdentity();

    expect(identity.get('rootRunId')).toBe(identity.get('runId'));
    expect(identity.get('parentRunId')).toBeUndefined();
  });

  test('takes the ids that were given', () => {
    const ids = { runId: 'r', threadId: 't', followUpToRunId: 'f', correlationId: 'c' };
    const identity = new RunIdentity(ids);

    for (const [name, id] of Object.entries(ids)) expect(identity.get(name as keyof typeof ids)).toBe(id);
  });

  test('of a run in a run is linked to that run, and shares root and correlation id', () => {
    const top = new RunIdentity({ runId: 'top', correlationId: 'request' });
    const inner = new RunIdentity({}, new RunIdentity({ runId: 'middle' }, top));

    expect(inner.get('parentRunId')).toBe('middle');
    expect(inner.get('rootRunId')).toBe('top');
    expect(inner.get('correlationId')).toBe('request');
    expect(inner.get('runId')).not.toBe('middle');
  });

  test('forked for a child is a new run in the same thread', () => {
    const parent = new RunIdentity({ runId: 'parent', threadId: 't', correlationId: 'request' });
    const child = parent.fork();

    expect(child.get('runId')).not.toBe('parent');
    expect({ ...pick(child) }).toEqual({
      parentRunId: 'parent',
      rootRunId: 'parent',
      threadId: 't',
      correlationId: 'request',
    });
  });
});

describe('a correlation id from outside', () => {
  test('is kept when it is 1 to 512 printable ASCII characters', () => {
    for (const correlationId of ['a', 'x'.repeat(512), 'with space ~!']) {
      expect(new RunIdentity({ correlationId }).get('correlationId')).toBe(correlationId);
    }
  });

  test('is replaced by a fresh one when it is not', () => {
    for (const correlationId of [
      '',
      'x'.repeat(513),
      'line\nbreak',
      'tab\t',
      'größe',
      'bell\u0007',
      'end\n',
    ]) {
      const used = new RunIdentity({ correlationId }).get('correlationId');
      expect(used).not.toBe(correlationId);
      expect(used).toMatch(/^[\x21-\x7e]+$/);
    }
  });

  test('is replaced by the one of the outer run, where there is one', () => {
    const outer = new RunIdentity({ correlationId: 'outer' });

    expect(new RunIdentity({ correlationId: 'bad\n' }, outer).get('correlationId')).toBe('outer');
    expect(new RunIdentity({ correlationId: 'own' }, outer).get('correlationId')).toBe('own');
  });
});

function pick(identity: RunIdentity) {
  const names = ['parentRunId', 'rootRunId', 'threadId', 'correlationId'] as const;
  return Object.fromEntries(names.map((name) => [name, identity.get(name)]));
}
