import { describe, expect, test, vi } from 'vitest';
import { currentContext, requireContext, runInContext } from '../../../src/context/ambient-context.js';
import { PipelineContext } from '../../../src/context/pipeline-context.js';
import { withContext } from '../../../src/context/with-context.js';
import { silentLogger } from '../../../src/ports/logger.js';
import { rootFrame } from '../support/frames.js';
import { throws } from '../support/thrown.js';

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
    const context = new PipelineContext();
    await withContext(context, async () => {
      context.onDispose(() => called.push('first', currentContext() === context));
      context.onDispose(() => called.push('second'));
      await Promise.resolve();
      called.push('body');
    });

    expect(called).toEqual(['body', 'second', 'first', true]);
  });

  test('disposes only what was registered meanwhile', async () => {
    const context = new PipelineContext();
    const earlier = vi.fn();
    context.onDispose(earlier);
    await withContext(context, () => undefined);

    expect(earlier).not.toHaveBeenCalled();
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
    const view = new PipelineContext(frame, undefined, frame.scope);
    await withContext(view, () => {
      view.onDispose(() => undefined);
    });

    expect(frame.disposerCount).toBe(1);
  });

  test('is cancelled by the signal and the limit of its options, while it runs', async () => {
    const caller = new AbortController();
    const context = new PipelineContext({ signal: caller.signal });
    const reason: unknown = await withContext(context, () => {
      caller.abort();
      return context.signal.reason as unknown;
    });
    expect(reason).toMatchObject({ kind: 'user' });

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
