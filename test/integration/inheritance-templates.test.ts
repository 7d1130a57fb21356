import { describe, expect, it } from 'vitest';
import { PipelineContext, PipelineRunner, contextKey, runPipeline } from 'heirline';
import { subPipeline, throughChild, turn } from './support/pipelines.js';

describe('A context that is given to a run', () => {
  it('is a template: what the run writes is in result.context, not in the template', async () => {
    const template = new PipelineContext({ parameters: { a: 1, dropped: true } });
    const { Root } = throughChild(
      (context) => {
        context.parameters.set('a', 2).set('b', 3);
        context.parameters.delete('dropped');
        context.items.set('service', 'x');
        context.properties.set('note', 'y');
        return [1];
      },
      subPipeline((item: number) => item),
    );

    const result = await runPipeline(Root, template);

    expect(template.parameters.toObject()).toEqual({ a: 1, dropped: true });
    expect(template.items.size).toBe(0);
    expect(template.properties.size).toBe(0);
    expect(result.context).not.toBe(template);
    expect(result.context.parameters.toObject()).toEqual({ a: 2, b: 3 });
    expect(result.context.items.get('service')).toBe('x');
    expect(result.context.properties.get('note')).toBe('y');
  });

  it('is copied when the run starts: what the template gets later is for later runs', async () => {
    const template = new PipelineContext({ parameters: { a: 1 } });
    const seen: unknown[] = [];
    const { Root } = throughChild(
      async function* (context) {
        template.parameters.set('a', 2);
        await turn();
        seen.push(context.parameters.get('a'));
        yield 1;
      },
      subPipeline((item: number) => item),
    );

    await runPipeline(Root, template);
    await runPipeline(Root, template);

    expect(seen).toEqual([1, 2]);
  });

  it('gives the root everything it holds, local entries included', async () => {
    const Local = contextKey<string>('plan', { local: true });
    const template = new PipelineContext();
    template.parameters.set(Local, 'mine');
    const seen: unknown[] = [];
    const { Root } = throughChild(
      (context) => {
        seen.push(context.parameters.get(Local));
        return [1];
      },
      subPipeline((item: number, context) => {
        seen.push(context.parameters.get(Local));
        return item;
      }),
      { contextConfiguration: { inheritParentParameters: true } },
    );

    await runPipeline(Root, template);

    expect(seen).toEqual(['mine', undefined]);
  });

  it('serves many runs at once without crossing', async () => {
    const template = new PipelineContext({ parameters: { owner: 'nobody' } });
    let started = 0;
    const runIds = new Set<string>();
    const Child = subPipeline(async (item: string, context) => {
      await turn();
      return `${item} ${String(context.parameters.get('owner'))} ${context.runId}`;
    });
    const { Root, received } = throughChild(
      async function* (context) {
        started += 1;
        const own = `owner-${started}`;
        context.parameters.set('owner', own);
        await turn();
        runIds.add(context.runId);
        yield `${own} ${context.runId}`;
        await turn();
        yield `${own} ${context.runId}`;
      },
      Child,
      { contextConfiguration: { inheritParentParameters: true } },
    );
    const runner = new PipelineRunner();

    const results = await Promise.all(Array.from({ length: 50 }, () => runner.run(Root, template)));

    expect(runIds.size).toBe(50);
    expect(new Set(results.map((result) => result.runId))).toEqual(runIds);
    expect(received).toHaveLength(100);
    for (const line of received) {
      const [owner, runId, seenOwner, seenRunId] = line.split(' ');
      expect([seenOwner, seenRunId]).toEqual([owner, runId]);
    }
    expect(template.parameters.toObject()).toEqual({ owner: 'nobody' });
  });

  it('leads to a fresh run id in each run, unless it names one', async () => {
    const { Root } = throughChild(
      [1],
      subPipeline((item: number) => item),
    );
    const unnamed = new PipelineContext();
    const first = await runPipeline(Root, unnamed);
    const second = await runPipeline(Root, unnamed);
    expect(first.runId).not.toBe(second.runId);
    expect(first.runId).not.toBe('');

    const named = new PipelineContext({ run: { runId: 'nightly-7' } });
    const third = await runPipeline(Root, named);
    expect(third.runId).toBe('nightly-7');
    expect(third.context.runId).toBe('nightly-7');
  });

  it('keeps its own disposers: the framework never calls them', async () => {
    const log: string[] = [];
    const template = new PipelineContext();
    template.onDispose(() => log.push('disposed'));
    const { Root } = throughChild(
      [1],
      subPipeline((item: number) => item),
    );

    await runPipeline(Root, template);
    await runPipeline(Root, template);

    expect(log).toEqual([]);
  });

  it('hands its context items to the run by reference, and its data as it is', async () => {
    const Limits = contextKey<{ low: number }>('limits');
    const cache = new Map();
    const template = new PipelineContext({ items: { cache }, parameters: { limits: { low: 1 } } });
    const { Root } = throughChild(
      [1],
      subPipeline((item: number) => item),
    );

    const result = await runPipeline(Root, template);

    expect(result.context.items.get('cache')).toBe(cache);
    expect(result.context.parameters.get(Limits)).toEqual({ low: 1 });
  });
});
