import { describe, expect, test } from 'vitest';
import { allEnded } from '../../../../src/engine/stages/fan-out-stage.js';
import { GateStage } from '../../../../src/engine/stages/gate-stage.js';
import { deferred, execution, RecordingStage, settled } from '../../support/executions.js';

describe('a gate', () => {
  test('lets an item through at once while nobody is inside, without a promise', () => {
    const inner = new RecordingStage();
    const gate = new GateStage(inner, 2, 0);
    const running = execution();

    expect(gate.push(running, 'a', undefined)).toBeUndefined();
    expect(gate.push(running, 'b', undefined)).toBeUndefined();
    expect(inner.log).toEqual(['a', 'b']);
  });

  test('lets one item through at a time, in the order of arrival', async () => {
    const [a, b] = [deferred(), deferred()];
    const inner = new RecordingStage({ a, b });
    const gate = new GateStage(inner, 2, 0);
    const running = execution();
    const left: string[] = [];
    for (const item of ['a', 'b', 'c']) void gate.push(running, item, undefined)?.then(() => left.push(item));

    expect(inner.log).toEqual(['a']);
    a.resolve();
    await settled();
    expect([inner.log, left]).toEqual([['a', 'b'], ['a']]);
    b.resolve();
    await settled();
    expect([inner.log, left]).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ]);
    expect(gate.push(running, 'd', undefined)).toBeUndefined();
  });

  test('does not keep the one that leaves waiting for the next', async () => {
    const [a, b] = [deferred(), deferred()];
    const gate = new GateStage(new RecordingStage({ a, b }), 2, 0);
    const running = execution();
    const first = gate.push(running, 'a', undefined);
    void gate.push(running, 'b', undefined);
    a.resolve();

    await expect(first).resolves.toBeUndefined();
    b.resolve();
  });

  test('lets many waiting items through without running out of stack', async () => {
    const first = deferred();
    const inner = new RecordingStage({ first });
    const gate = new GateStage(inner, 2, 0);
    const running = execution();
    void gate.push(running, 'first', undefined);
    const waiting = Array.from({ length: 1000 }, (_, n) => gate.push(running, n, undefined));
    first.resolve();
    await allEnded(waiting);

    expect(inner.log).toHaveLength(1001);
  });

  test('ends with the last of its inputs', () => {
    const inner = new RecordingStage();
    const gate = new GateStage(inner, 3, 0);
    const running = execution();
    void gate.end(running);
    void gate.end(running);
    expect(inner.log).toEqual([]);
    void gate.end(running);

    expect(inner.log).toEqual(['end']);
  });

  test('keeps two executions apart', () => {
    const inner = new RecordingStage({ a: deferred() });
    const gate = new GateStage(inner, 2, 0);
    void gate.push(execution(), 'a', undefined);
    const other = execution();

    expect(gate.push(other, 'b', undefined)).toBeUndefined();
    void gate.end(other);
    void gate.end(execution());
    expect(inner.log).toEqual(['a', 'b']);
  });

  test('is closed when what is behind it is', () => {
    const inner = new RecordingStage();
    const gate = new GateStage(inner, 2, 0);
    expect(gate.isClosed(execution())).toBe(false);
    inner.closed = true;

    expect(gate.isClosed(execution())).toBe(true);
  });
});
