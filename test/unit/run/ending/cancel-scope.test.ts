import { afterEach, describe, expect, test, vi } from 'vitest';
import { CancelScope } from '../../../../src/run/ending/cancel-scope.js';

afterEach(() => {
  vi.useRealTimers();
});

/** A run with a scope below a composite, and one below that. */
function threeScopes(): { run: CancelScope; child: CancelScope; grandchild: CancelScope } {
  const run = new CancelScope('run');
  const child = new CancelScope('run/child', run);
  return { run, child, grandchild: new CancelScope('run/child/grandchild', child) };
}

describe('ending a scope', () => {
  test('gives it a reason and aborts its signal with that very error', () => {
    const scope = new CancelScope('run');
    const { signal } = scope;

    scope.cancel({ kind: 'user', message: 'enough' }, 'run/node');

    expect(scope.reason).toMatchObject({ code: 'RUN_CANCELLED', kind: 'user', path: 'run/node' });
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe(scope.reason);
  });

  test('the first reason wins', () => {
    const scope = new CancelScope('run');
    scope.cancel({ kind: 'shutdown' }, undefined);
    const { reason } = scope;

    scope.cancel({ kind: 'user' }, undefined);

    expect(scope.reason).toBe(reason);
    expect(scope.signal.reason).toBe(reason);
  });

  test('never throws, whatever is given as a reason', () => {
    for (const given of [
      null,
      'text',
      { kind: 'whim' },
      { kind: 'user', message: 42 },
      { kind: 'user', path: {} },
    ]) {
      const scope = new CancelScope('run');
      expect(() => {
        scope.cancel(given, undefined);
      }).not.toThrow();
      expect(scope.reason?.kind).toBe('user');
    }
  });

  test('a signal first read after the end is aborted already', () => {
    const scope = new CancelScope('run');
    scope.cancel({ kind: 'user' }, undefined);

    expect(scope.signal.aborted).toBe(true);
    expect(scope.signal).toBe(scope.signal);
  });

  test('many listeners on one signal bring no warning', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const { signal } = new CancelScope('run');

    for (let listener = 0; listener < 50; listener += 1) signal.addEventListener('abort', () => undefined);

    expect(warned).not.toHaveBeenCalled();
  });
});

describe('scopes below one another', () => {
  test('end with the one above, for the same reason', () => {
    const { run, child, grandchild } = threeScopes();

    run.cancel({ kind: 'user' }, undefined);

    expect(child.reason).toBe(run.reason);
    expect(grandchild.reason).toBe(run.reason);
    expect(grandchild.signal.aborted).toBe(true);
  });

  test('end without those above and beside', () => {
    const { run, child, grandchild } = threeScopes();
    const sibling = new CancelScope('run/sibling', run);

    child.cancel({ kind: 'user' }, undefined);

    expect(grandchild.reason).toBe(child.reason);
    expect([run.reason, sibling.reason]).toEqual([undefined, undefined]);
    expect(run.signal.aborted).toBe(false);
  });

  test('keep their own reason when the one above ends later', () => {
    const { run, child, grandchild } = threeScopes();
    child.cancel({ kind: 'user' }, undefined);
    const { reason } = child;

    run.cancel({ kind: 'shutdown' }, undefined);

    expect([child.reason, grandchild.reason]).toEqual([reason, reason]);
    expect(run.reason?.kind).toBe('shutdown');
  });

  test('begin ended below one that has ended', () => {
    const { run } = threeScopes();
    run.cancel({ kind: 'user' }, undefined);
    const late = new CancelScope('run/late', run);

    expect(late.reason).toBe(run.reason);
    expect(late.signal.aborted).toBe(true);
    expect(late.hasExpired).toBe(false);
  });

  test('are all ended before anyone is told, so that every listener sees the end everywhere', () => {
    const { run, grandchild } = threeScopes();
    const seen: unknown[] = [];
    run.signal.addEventListener('abort', () => seen.push(grandchild.reason?.kind));

    run.cancel({ kind: 'user' }, undefined);

    expect(seen).toEqual(['user']);
  });

  test('know the scope of their run, and one that starts a run of its own is that', () => {
    const { run, grandchild } = threeScopes();
    const nested = new CancelScope('nested', grandchild, true);
    const belowNested = new CancelScope('nested/child', nested);

    expect(grandchild.run).toBe(run);
    expect(nested.run).toBe(nested);
    expect(belowNested.run).toBe(nested);
    run.cancel({ kind: 'user' }, undefined);
    expect(belowNested.reason).toBe(run.reason);
  });
});

describe('dispatch', () => {
  test('announces the ends of the scope and all below through the run, once', () => {
    const { run, child, grandchild } = threeScopes();
    const dispatched: string[] = [];
    let where = 'outside';
    run.dispatchThrough((announce) => {
      where = 'root context';
      announce();
      where = 'outside';
    });
    for (const scope of [child, grandchild]) {
      scope.signal.addEventListener('abort', () => dispatched.push(`${scope.path} in ${where}`));
    }

    child.cancel({ kind: 'user' }, undefined);

    expect(dispatched).toEqual(['run/child in root context', 'run/child/grandchild in root context']);
  });
});

describe('watchers', () => {
  test('are called once, before the signal aborts', () => {
    const scope = new CancelScope('run');
    const seen: string[] = [];
    scope.signal.addEventListener('abort', () => seen.push('signal'));
    scope.watch(() => seen.push('watcher'));

    scope.cancel({ kind: 'user' }, undefined);
    scope.cancel({ kind: 'user' }, undefined);

    expect(seen).toEqual(['watcher', 'signal']);
  });

  test('stop watching when told, also from another watcher', () => {
    const scope = new CancelScope('run');
    const stopped = vi.fn();
    const unwatch = scope.watch(stopped);
    unwatch();

    scope.cancel({ kind: 'user' }, undefined);

    expect(stopped).not.toHaveBeenCalled();
  });
});

describe('a limit', () => {
  test('ends the scope by itself, and only it has expired', () => {
    vi.useFakeTimers();
    const { run, child, grandchild } = threeScopes();
    child.limitTo(Date.now() + 100);

    vi.advanceTimersByTime(99);
    expect(child.reason).toBeUndefined();
    vi.advanceTimersByTime(1);

    expect(child.reason).toMatchObject({ kind: 'deadline', path: 'run/child' });
    expect([run.hasExpired, child.hasExpired, grandchild.hasExpired]).toEqual([false, true, false]);
    expect(run.reason).toBeUndefined();
  });

  test('in the past ends it at once', () => {
    const scope = new CancelScope('run');
    scope.limitTo(Date.now() - 1);

    expect(scope.hasExpired).toBe(true);
    expect(scope.reason?.kind).toBe('deadline');
  });

  test('is never later than the one above: the earlier counts', () => {
    vi.useFakeTimers({ now: 0 });
    const { run, child, grandchild } = threeScopes();
    expect(run.deadlineMs).toBeUndefined();
    child.limitTo(2000);
    expect(grandchild.deadlineMs).toBe(2000);
    run.limitTo(1000);
    expect(child.deadlineMs).toBe(1000);
    grandchild.limitTo(500);
    expect(grandchild.deadlineMs).toBe(500);

    for (const scope of [run, child, grandchild]) scope.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('set a second time replaces the first', () => {
    vi.useFakeTimers();
    const scope = new CancelScope('run');
    scope.limitTo(Date.now() + 10);
    scope.limitTo(Date.now() + 1000);

    vi.advanceTimersByTime(999);
    expect(scope.reason).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(scope.hasExpired).toBe(true);
  });

  test('leaves no timer behind once the scope has ended otherwise', () => {
    vi.useFakeTimers();
    const { run, child } = threeScopes();
    child.limitTo(Date.now() + 1000);

    run.cancel({ kind: 'user' }, undefined);

    expect(vi.getTimerCount()).toBe(0);
    expect(child.hasExpired).toBe(false);
  });

  test('can be lifted', () => {
    vi.useFakeTimers();
    const scope = new CancelScope('run');
    scope.limitTo(Date.now() + 1000);
    scope.limitTo(undefined);

    expect(vi.getTimerCount()).toBe(0);
    expect(scope.deadlineMs).toBeUndefined();
  });

  test('on a scope that has ended already makes no timer', () => {
    vi.useFakeTimers();
    const scope = new CancelScope('run');
    scope.cancel({ kind: 'user' }, undefined);
    scope.limitTo(Date.now() - 1);
    scope.limitTo(Date.now() + 1000);

    expect(vi.getTimerCount()).toBe(0);
    expect(scope.hasExpired).toBe(false);
  });
});

describe('a closed scope', () => {
  test('can no longer be cancelled itself', () => {
    const { child } = threeScopes();
    const watcher = vi.fn();
    child.watch(watcher);
    child.close();

    child.cancel({ kind: 'user' }, undefined);

    expect(child.reason).toBeUndefined();
    expect(watcher).not.toHaveBeenCalled();
  });

  test('tells listeners that are left of the end of the nearest open scope around it, once', () => {
    const { run, child, grandchild } = threeScopes();
    const [onSignal, watcher] = [vi.fn(), vi.fn()];
    const { signal } = grandchild;
    signal.addEventListener('abort', () => {
      onSignal();
    });
    grandchild.watch(watcher);
    grandchild.close();
    child.close();

    run.cancel({ kind: 'user' }, undefined);

    expect(signal.reason).toBe(run.reason);
    expect(grandchild.reason).toBe(run.reason);
    expect([onSignal, watcher].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });

  test('tells a signal that AbortSignal.any has made of its own', () => {
    const { run, child } = threeScopes();
    const either = AbortSignal.any([child.signal, new AbortController().signal]);
    child.close();

    run.cancel({ kind: 'user' }, undefined);

    expect(either.aborted).toBe(true);
  });

  test('shows the signal of the nearest open scope around it, unless its own is listened to', () => {
    const { run, child, grandchild } = threeScopes();
    const own = [child.signal, grandchild.signal];
    grandchild.signal.addEventListener('abort', () => undefined);
    child.close();
    grandchild.close();

    expect(child.signal).toBe(run.signal);
    expect(grandchild.signal).toBe(own[1]);
  });

  test('lets what is watched later hear the end around it, until it is told to stop', () => {
    const { run, child } = threeScopes();
    const [watcher, stopped] = [vi.fn(), vi.fn()];
    child.close();
    child.watch(watcher);
    child.watch(stopped)();

    run.cancel({ kind: 'user' }, undefined);

    expect(watcher).toHaveBeenCalledOnce();
    expect(stopped).not.toHaveBeenCalled();
    expect(child.reason).toBe(run.reason);
  });

  test('hands on scopes below it that are open, and takes new ones for the scope around it', () => {
    const { run, child, grandchild } = threeScopes();
    child.close();
    const late = new CancelScope('late', child);

    run.cancel({ kind: 'user' }, undefined);

    expect([grandchild.reason, late.reason]).toEqual([run.reason, run.reason]);
    expect(new CancelScope('later', child).reason).toBe(run.reason);
  });

  test('below one that was closed leaves the scope that it was handed on to', () => {
    const { run, child, grandchild } = threeScopes();
    child.close();
    grandchild.close();

    run.cancel({ kind: 'user' }, undefined);

    expect(grandchild.reason).toBeUndefined();
  });

  test('has no limit of its own any more', () => {
    const { run, child, grandchild } = threeScopes();
    run.limitTo(Date.now() + 60_000);
    child.limitTo(Date.now() + 1000);
    const { deadlineMs } = run;
    child.close();

    expect(grandchild.deadlineMs).toBe(deadlineMs);
    run.close();
  });

  test('leaves no timer, and a limit set later makes none', () => {
    vi.useFakeTimers();
    const scope = new CancelScope('run');
    scope.limitTo(Date.now() + 1000);
    scope.close();
    scope.limitTo(Date.now() + 1000);

    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(2000);
    expect(scope.reason).toBeUndefined();
  });

  test('can be closed twice', () => {
    const scope = new CancelScope('run');
    scope.close();

    expect(() => {
      scope.close();
    }).not.toThrow();
  });
});

describe('in development mode', () => {
  test('the nearest scope that wants to know is told of each new signal, once', () => {
    const { run, child, grandchild } = threeScopes();
    const told: unknown[] = [];
    run.tellSignals((signal, scope) => told.push(['run', signal, scope]));

    const { signal } = grandchild;
    expect(grandchild.signal).toBe(signal);
    expect(told).toEqual([['run', signal, grandchild]]);

    child.tellSignals((made, scope) => told.push(['child', made, scope]));
    expect(told.at(-1)).toEqual(['run', signal, grandchild]);
    expect([child.signal, run.signal]).toEqual([told[1], told[2]].map((each) => (each as unknown[])[1]));
    expect(told.map((each) => (each as unknown[])[0])).toEqual(['run', 'child', 'run']);
  });
});
