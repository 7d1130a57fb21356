import { afterEach, describe, expect, test } from 'vitest';
import { runInContext, runOutside } from '../../../../src/context/ambient-context.js';
import type { ContextFrame } from '../../../../src/context/context-frame.js';
import { PipelineContext } from '../../../../src/context/pipeline-context.js';
import type { RootContext } from '../../../../src/context/root-context.js';
import { LeakDetector } from '../../../../src/engine/leaks/leak-detector.js';
import type { RunLeaks } from '../../../../src/engine/leaks/run-leaks.js';
import { systemClock } from '../../../../src/ports/clock.js';
import { alarmAt } from '../../../../src/run/ending/alarm.js';
import { CancelScope } from '../../../../src/run/ending/cancel-scope.js';
import { settled } from '../../support/executions.js';
import { childOf, root as makeRoot } from '../../support/frames.js';

const left: (() => void)[] = [];
const leaveTimer = (): void => {
  const timer = setTimeout(() => undefined, 60_000);
  left.push(() => {
    clearTimeout(timer);
  });
};

afterEach(() => {
  for (const putAway of left.splice(0)) putAway();
});

/** A run that is watched, and what it warns about. */
function watchedRun(detector = new LeakDetector(), path = 'root') {
  const warnings: string[] = [];
  const ignore = (): void => undefined;
  const warn = ({ kind, path: at }: Readonly<Record<string, unknown>>): void => {
    warnings.push(`${String(kind)} ${String(at)}`);
  };
  const root = makeRoot(
    { logger: { trace: ignore, debug: ignore, info: ignore, warn, error: ignore } },
    path,
  );
  return { detector, root, warnings, leaks: detector.open(root) };
}

/** Who is current while an execution runs. */
const holder = <TFrame>(frame: TFrame, { context }: RootContext) => ({ frame, context });

/** Disposes and ends an execution, as the engine does. */
function end(leaks: RunLeaks, frame: ContextFrame): void {
  for (const { disposer } of frame.takeDisposers()) if (typeof disposer === 'function') disposer('succeeded');
  leaks.end(frame, () => {
    frame.closeDisposal();
  });
}

describe('a child', () => {
  test('is looked at one turn after its end', async () => {
    const { root, leaks, warnings } = watchedRun();
    const child = childOf(root.frame);
    runInContext(holder(child, root), leaveTimer);

    end(leaks, child);
    await Promise.resolve();
    expect(warnings).toEqual([]);

    await settled();
    expect(warnings).toEqual(['timer root/child']);
    await leaks.endRun();
    expect(warnings).toHaveLength(1);
  });

  test('that has started something has a disposer, so that its end is told', () => {
    const { root } = watchedRun();
    const [quiet, busy] = [childOf(root.frame), childOf(root.frame)];

    runInContext(holder(quiet, root), () => undefined);
    runInContext(holder(busy, root), leaveTimer);

    expect([quiet.disposerCount, busy.disposerCount]).toEqual([0, 1]);
  });

  test('that is never closed is looked at with the run', async () => {
    const { root, leaks, warnings } = watchedRun();
    const child = childOf(root.frame);
    runInContext(holder(child, root), leaveTimer);

    await leaks.endRun();

    expect(warnings).toEqual(['timer root/child']);
  });

  test('still goes on for those who are told of its end', async () => {
    const { root, leaks, warnings } = watchedRun();
    const child = childOf(root.frame);
    const late = holder(child, root);
    leaks.shown(late, root.context);

    leaks.end(child, () => {
      child.closeDisposal();
      expect(late.context).toBe(root.context);
      runInContext(late, leaveTimer);
    });
    expect(warnings).toEqual([]);
    expect(late.context).toBe(root.context);
    expect(warnings).toEqual(['ambient root/child']);

    await settled();
    expect(warnings).toEqual(['ambient root/child', 'timer root/child']);
  });
});

describe('a run', () => {
  test('knows its own from those of other runs of the same runner', async () => {
    const detector = new LeakDetector();
    const one = watchedRun(detector, 'one');
    const other = watchedRun(detector, 'other');
    runInContext(one.root, leaveTimer);
    runInContext(other.root, () => one.root.context.signal.addEventListener('abort', () => undefined));

    await one.leaks.endRun();
    await other.leaks.endRun();

    expect([one.warnings, other.warnings]).toEqual([['timer one'], []]);
  });

  test('after its end, and outside of it, nothing is noted', async () => {
    const { root, leaks, warnings } = watchedRun();
    const { signal } = root.context;
    runOutside(leaveTimer);
    signal.addEventListener('abort', () => undefined);
    await leaks.endRun();

    runInContext(root, leaveTimer);
    runInContext(root, () => {
      signal.addEventListener('abort', () => undefined);
    });
    await settled();

    expect(warnings).toEqual([]);
  });

  test('never reports an alarm of the library', async () => {
    const { root, leaks, warnings } = watchedRun();
    left.push(runInContext(root, () => alarmAt(systemClock, Date.now() + 60_000, () => undefined)));

    await leaks.endRun();

    expect(warnings).toEqual([]);
  });

  test('tells a leak among much that ended by itself', async () => {
    const { root, leaks, warnings } = watchedRun();
    runInContext(root, () => {
      leaveTimer();
      for (let index = 0; index < 12_000; index += 1) clearTimeout(setTimeout(() => undefined, 60_000));
    });
    runInContext(root, () => {
      root.context.signal.addEventListener('abort', () => undefined);
    });

    await leaks.endRun();

    expect(warnings).toEqual(['timer root', 'listener root']);
  });
});

describe('who is current', () => {
  test('is also known by the context that is shown, not by that of another copy of the library', async () => {
    const { root, leaks, warnings } = watchedRun();

    runInContext({ context: root.context }, leaveTimer);
    runInContext({ context: JSON.parse('{}') as PipelineContext }, leaveTimer);
    runInContext(holder({}, root), leaveTimer);
    runInContext({ context: new PipelineContext() }, leaveTimer);
    await leaks.endRun();

    expect(warnings).toEqual(['timer root']);
  });
});

describe('a listener', () => {
  test('counts on signals that live as long as the execution', async () => {
    const { root, leaks, warnings } = watchedRun();
    const item = new CancelScope('root/node', root.frame.scope);
    const listen = (signal: AbortSignal): void => {
      signal.addEventListener('abort', () => undefined);
    };

    runInContext(root, () => {
      listen(item.signal);
      item.close();
      root.context.signal.addEventListener('other', () => undefined);
    });
    await leaks.endRun();
    expect(warnings).toEqual([]);
  });

  test('that was called is over', async () => {
    const { root, leaks, warnings } = watchedRun();
    let calls = 0;
    runInContext(root, () => {
      root.context.signal.addEventListener('abort', () => (calls += 1));
    });

    root.context.cancel();
    await leaks.endRun();

    expect([calls, warnings]).toEqual([1, []]);
  });
});
