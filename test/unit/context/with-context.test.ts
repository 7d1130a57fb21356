import { describe, expect, test, vi } from 'vitest';
import { currentContext, requireContext, runInContext } from '../../../src/context/ambient-context.js';
import { PipelineContext, viewOf } from '../../../src/context/pipeline-context.js';
import { withContext } from '../../../src/context/with-context.js';
import { silentLogger } from '../../../src/ports/logger.js';
import { rootFrame } from '../support/frames.js';
import { errorOf, throws } from '../support/thrown.js';

describe('withContext', () => {
  test('gives a function a current context of the options, and its result', async () => {
    const seen = await withContext({ parameters: { a: 1 } }, async (context) => {
      await Promise.resolve();
      return [requireContext() === context, context.parameters.get('a')];
    });

    expect(seen).toEqual([true, 1]);
    expect(currentContext()).toBeUndefined();
  });

  test('takes nothing from a context around it', async () => {
    const outer = new PipelineContext({ items: { a: 1 } });
    const inner = runInContext({ context: outer }, () => withContext({}, (context) => context));

    expect((await inner).items.has('a')).toBe(false);
    expect((await inner).runId).not.toBe(outer.runId);
  });

  test('disposes in reverse order when the function has settled, in its context', async () => {
    const called: unknown[] = [];
    await withContext(new PipelineContext(), async (context) => {
      context.onDispose(() => called.push('first', currentContext() === context));
      context.onDispose(() => called.push('second'));
      await Promise.resolve();
      called.push('body');
    });

    expect(called).toEqual(['body', 'second', 'first', true]);
  });

  test('disposes only what was registered in the call, not on the object that was given', async () => {
    const context = new PipelineContext();
    const onTemplate = vi.fn();
    context.onDispose(onTemplate);
    await withContext(context, () => {
      context.onDispose(onTemplate);
    });

    expect(onTemplate).not.toHaveBeenCalled();
  });

  test('disposes what a disposer registers, and refuses what comes after the end', async () => {
    const called: string[] = [];
    const kept = await withContext({}, (context) => {
      context.onDispose(() => {
        called.push('first');
        context.onDispose(() => called.push('second'));
      });
      return context;
    });

    expect(called).toEqual(['first', 'second']);
    expect(
      errorOf(() => {
        kept.onDispose(() => called.push('late'));
      }).code,
    ).toBe('CONTEXT_DISPOSED');
    expect(called).toEqual(['first', 'second', 'late']);
  });

  test('tells a disposer that asks for it how the call has ended', async () => {
    const told: string[] = [];
    const listen = (context: PipelineContext): void => {
      context.onDispose((outcome) => told.push(outcome), { withOutcome: true });
    };
    await withContext({}, listen);
    await withContext({}, (context) => {
      listen(context);
      throw new RangeError('no');
    }).catch(() => undefined);
    await withContext({}, (context) => {
      listen(context);
      context.cancel();
    });

    expect(told).toEqual(['succeeded', 'failed', 'cancelled']);
  });

  test('rejects with what the function throws, and logs what disposers throw then', async () => {
    const error = vi.fn();
    const work = withContext({ logger: { ...silentLogger, error } }, (context) => {
      context.onDispose(throws('disposer'));
      throw new RangeError('body');
    });

    await expect(work).rejects.toThrow(RangeError);
    expect(error).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ path: '', error: 'disposer' }),
      'a disposer failed',
    );
  });

  test('fails with DISPOSAL_FAILED when only a disposer threw', async () => {
    const work = withContext({}, (context) => {
      context.onDispose(throws('disposer'));
      return 1;
    });

    await expect(work).rejects.toMatchObject({ code: 'DISPOSAL_FAILED', cause: 'disposer' });
  });

  test('leaves the disposers of a running execution to its own end', async () => {
    const frame = rootFrame();
    const view = viewOf(frame, undefined, frame.scope);
    await withContext(view, () => {
      view.onDispose(() => undefined);
    });

    expect(frame.disposerCount).toBe(1);
  });

  test('is cancelled by the signal and the limit of its options, while it runs', async () => {
    const caller = new AbortController();
    const context = new PipelineContext({ signal: caller.signal });
    const reason: unknown = await withContext(context, ({ signal }) => {
      caller.abort();
      return signal.reason as unknown;
    });
    expect(reason).toMatchObject({ kind: 'user' });
    expect(context.signal.aborted).toBe(false);

    const late = await withContext({ run: { deadline: new Date(0) } }, ({ signal }) => signal.aborted);
    expect(late).toBe(true);
  });

  test('leaves no timer of a limit when the function has settled', async () => {
    vi.useFakeTimers();
    try {
      await withContext({ run: { timeoutMs: 60_000 } }, () => undefined);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
