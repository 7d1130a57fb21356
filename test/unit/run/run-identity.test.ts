import { describe, expect, test } from 'vitest';
import { RunIdentity } from '../../../src/run/run-identity.js';

describe('a run identity', () => {
  test('makes its ids when they are first read, and keeps them', () => {
    const one = new RunIdentity();
    const other = new RunIdentity();

    expect(one.runId).toBe(one.runId);
    expect(one.correlationId).toBe(one.correlationId);
    expect(one.runId).not.toBe(other.runId);
    expect(one.correlationId).not.toBe(other.correlationId);
  });

  test('is its own root without a parent', () => {
    const identity = new RunIdentity();

    expect(identity.rootRunId).toBe(identity.runId);
    expect(identity.parentRunId).toBeUndefined();
  });

  test('takes the ids that were given', () => {
    const ids = { runId: 'r', threadId: 't', followUpToRunId: 'f', correlationId: 'c' };
    const { runId, threadId, followUpToRunId, correlationId } = new RunIdentity(ids);

    expect({ runId, threadId, followUpToRunId, correlationId }).toEqual(ids);
  });

  test('of a run in a run is linked to that run, and shares root and correlation id', () => {
    const top = new RunIdentity({ runId: 'top', correlationId: 'request' });
    const inner = new RunIdentity({}, new RunIdentity({ runId: 'middle' }, top));

    expect(inner.parentRunId).toBe('middle');
    expect(inner.rootRunId).toBe('top');
    expect(inner.correlationId).toBe('request');
    expect(inner.runId).not.toBe('middle');
  });

  test('forked for a child is a new run in the same thread', () => {
    const parent = new RunIdentity({ runId: 'parent', threadId: 't', correlationId: 'request' });
    const child = parent.fork();

    expect(child.runId).not.toBe('parent');
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
      expect(new RunIdentity({ correlationId }).correlationId).toBe(correlationId);
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
      const used = new RunIdentity({ correlationId }).correlationId;
      expect(used).not.toBe(correlationId);
      expect(used).toMatch(/^[\x21-\x7e]+$/);
    }
  });

  test('is replaced by the one of the outer run, where there is one', () => {
    const outer = new RunIdentity({ correlationId: 'outer' });

    expect(new RunIdentity({ correlationId: 'bad\n' }, outer).correlationId).toBe('outer');
    expect(new RunIdentity({ correlationId: 'own' }, outer).correlationId).toBe('own');
  });
});

function pick({ parentRunId, rootRunId, threadId, correlationId }: RunIdentity) {
  return { parentRunId, rootRunId, threadId, correlationId };
}
