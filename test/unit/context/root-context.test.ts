import { describe, expect, test, vi } from 'vitest';
import { currentContext } from '../../../src/context/ambient-context.js';
import { contextKey } from '../../../src/context/context-key.js';
import { PipelineContext } from '../../../src/context/pipeline-context.js';
import { rootContext } from '../../../src/context/root-context.js';
import type { RootContext } from '../../../src/context/root-context.js';
import { silentLogger } from '../../../src/ports/logger.js';

const services = { logger: silentLogger };

function root(template: PipelineContext, outer?: PipelineContext): RootContext {
  return rootContext(template, { path: 'orders', pipelineName: 'orders' }, services, outer?.run);
}

describe('the root context of a run', () => {
  test('starts with the template’s dictionaries, local entries included, and never writes into it', () => {
    const Local = contextKey<number>('local', { local: true });
    const template = new PipelineContext({
      parameters: [
        ['a', 1],
        [Local, 2],
      ],
    });
    const { context: view } = root(template);
    view.parameters.set('a', 'run').delete('local');
    const other = root(template).context;

    expect(template.parameters.toObject()).toEqual({ a: 1, local: 2 });
    expect(other.parameters.toObject()).toEqual({ a: 1, local: 2 });
  });

  test('sees what the template was given before the run, not after', () => {
    const template = new PipelineContext();
    template.items.set('early', 1);
    const { context: view } = root(template);
    template.items.set('late', 1);

    expect([...view.items.keys()]).toEqual(['early']);
  });

  test('is a new run each time, unless the template names one', () => {
    const template = new PipelineContext();
    const named = new PipelineContext({ run: { runId: 'r1' } });

    expect(root(template).context.runId).not.toBe(root(template).context.runId);
    expect(root(named).context.runId).toBe('r1');
    expect(root(template).context.pipelineId).not.toBe(root(template).context.pipelineId);
  });

  test('never calls what is registered on the template', () => {
    const template = new PipelineContext();
    template.onDispose(() => undefined);

    expect(root(template).frame.disposerCount).toBe(0);
  });

  test('is linked to the run around it, and cancelled with it, but not the other way round', () => {
    const outer = root(new PipelineContext({ run: { runId: 'outer', correlationId: 'c' } })).context;
    const { context: view } = root(new PipelineContext(), outer);

    expect([view.parentRunId, view.rootRunId, view.run.correlationId]).toEqual(['outer', 'outer', 'c']);
    view.run.cancel();
    expect(outer.signal.aborted).toBe(false);
    const second = root(new PipelineContext(), outer).context;
    outer.run.cancel({ kind: 'shutdown' });
    expect(second.signal.reason).toMatchObject({ kind: 'shutdown' });
  });

  test('joins the run of another context when given that', () => {
    const outer = root(new PipelineContext({ run: { runId: 'outer' } })).context;
    const { context: view } = root(new PipelineContext({ run: outer.run }));

    expect([view.runId, view.parentRunId]).toEqual(['outer', undefined]);
    view.run.cancel();
    expect(outer.signal.aborted).toBe(true);
  });

  test('announces a cancel in its own context', () => {
    const { context: view } = root(new PipelineContext());
    let seen: PipelineContext | undefined;
    view.signal.addEventListener('abort', () => {
      seen = currentContext();
    });
    view.cancel();

    expect(seen).toBe(view);
  });

  test('ends at the earlier of timeout and deadline', () => {
    vi.useFakeTimers({ now: 0 });
    try {
      const run = { timeoutMs: 1000, deadline: new Date(500) };
      const { context: view, release } = root(new PipelineContext({ run }));
      expect(view.run.deadline).toEqual(new Date(500));
      vi.advanceTimersByTime(500);
      expect(view.signal.reason).toMatchObject({ kind: 'deadline' });
      release();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test('released listens to no signal any more', () => {
    const caller = new AbortController();
    const runCaller = new AbortController();
    const context = new PipelineContext({ signal: caller.signal, run: { signal: runCaller.signal } });
    const added = vi.spyOn(caller.signal, 'addEventListener');
    const removed = vi.spyOn(caller.signal, 'removeEventListener');
    const { context: view, release } = root(context);
    release();
    caller.abort();
    runCaller.abort();

    expect(view.signal.aborted).toBe(false);
    expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([1, 1]);
  });
});
