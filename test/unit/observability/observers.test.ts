import { describe, expect, test, vi } from 'vitest';
import { Audience } from '../../../src/observability/audience.js';
import { observers } from '../../../src/observability/observers.js';
import { observedTypes } from '../../../src/ports/execution-observer.js';
import type { ExecutionObserver, PipelineStarted } from '../../../src/ports/execution-observer.js';
import { throws } from '../support/thrown.js';

const event: PipelineStarted = Object.freeze({
  type: 'pipelineStarted',
  path: 'orders',
  runId: 'r1',
  pipelineId: 'p1',
  pipelineName: 'orders',
  at: Date.now(),
});

describe('observers', () => {
  test('hands every type of event to each of them, as their method', () => {
    const member = { seen: 0, pipelineStarted: counted, itemFailed: counted };
    function counted(this: { seen: number }): void {
      this.seen += 1;
    }
    const group = observers(member, undefined, {});
    group.pipelineStarted?.(event);

    expect(member.seen).toBe(1);
    expect(Object.keys(group)).toEqual([...observedTypes, 'scope']);
  });

  test('tells all of them, even if one throws, and throws that on afterwards', () => {
    const second = vi.fn();
    const group = observers({ pipelineStarted: throws('first') }, { pipelineStarted: second });

    expect(() => group.pipelineStarted?.(event)).toThrow('first');
    expect(second).toHaveBeenCalledExactlyOnceWith(event);
  });

  test('throws what several threw together', () => {
    const group = observers({ pipelineStarted: throws(1) }, { pipelineStarted: throws(2) });

    expect(() => group.pipelineStarted?.(event)).toThrow(AggregateError);
  });

  test('gives a promise only where one of them does, and rejects with it', async () => {
    expect(observers({ pipelineStarted: () => 7 }).pipelineStarted?.(event)).toBeUndefined();
    const rejecting: ExecutionObserver = { pipelineStarted: () => Promise.reject('late') };

    await expect(observers(rejecting, {}).pipelineStarted?.(event)).rejects.toBe('late');
  });
});

describe('telling an observer', () => {
  const failures: readonly (readonly [string, () => unknown])[] = [
    ['throws', throws('broken')],
    ['rejects', () => Promise.reject('broken')],
    [
      'gives a thenable that rejects',
      () => ({
        then: (_: unknown, reject: (why: string) => void) => {
          reject('broken');
        },
      }),
    ],
  ];
  for (const [manner, pipelineStarted] of failures) {
    test(`that ${manner} is logged as a warning and changes nothing`, async () => {
      const report = vi.fn();
      new Audience([{ pipelineStarted }]).tell(event, { report });
      await new Promise(setImmediate);

      expect(report).toHaveBeenCalledExactlyOnceWith(
        'warn',
        { error: 'broken', event: 'pipelineStarted', path: 'orders' },
        'an execution observer failed',
      );
    });
  }

  test('that rejects in a group is logged once per member, and none goes unhandled', async () => {
    const report = vi.fn();
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const failing = { pipelineStarted: () => Promise.reject('broken') };
    new Audience([observers(failing, failing, { pipelineStarted: throws('too') })]).tell(event, { report });
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    process.off('unhandledRejection', unhandled);

    expect(unhandled).not.toHaveBeenCalled();
    expect(report).toHaveBeenCalled();
  });

  test('that has no such method is fine', () => {
    const report = vi.fn();
    new Audience([{}]).tell(event, { report });

    expect(report).not.toHaveBeenCalled();
  });
});

describe('whatever an observer throws', () => {
  const revoked = (): object => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  const unreadable = {
    get then(): never {
      throw new Error('no');
    },
  };

  test('is logged and has no other effect, also what cannot be read', async () => {
    const report = vi.fn();
    const rejecting = {
      then: (_: unknown, refuse: (reason: unknown) => void) => {
        refuse(revoked());
      },
    };
    for (const nodeStarted of [throws(revoked()), () => revoked(), () => unreadable, () => rejecting])
      for (const observer of [{ nodeStarted }, observers({ nodeStarted }, {})])
        new Audience([observer]).tell({ type: 'nodeStarted', path: 'p' } as never, { report });
    await new Promise(setImmediate);

    // Twice thrown and twice rejected; what cannot be read is no promise.
    expect(report).toHaveBeenCalledTimes(4);
  });
});
