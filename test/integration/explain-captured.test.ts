import { describe, expect, test } from 'vitest';
import { BackgroundQueue, captureContext, contextKey, runPipeline, type PipelineContext } from 'heirline';
import { errorOf } from './support/harness.js';
import { childAround, childNode, rootAround } from './support/small-graphs.js';

const Local = contextKey<number>('local', { local: true });

/** The way of a key, as text. */
function wayOf(context: PipelineContext, key: string): string[] {
  return context.explain(key).hops.map(({ action, path }) => `${action} ${path}`);
}

/** What the error of a missing key says to do. */
function hintFor(context: PipelineContext, key: string): string {
  return errorOf(() => context.parameters.require(key)).message;
}

/** Runs two levels of children, and gives what a node there, its capture and a queue's worker have. */
async function contextsAtDepth2(): Promise<Record<'node' | 'captured' | 'worker', PipelineContext>> {
  const seen: { [TPlace in 'node' | 'captured' | 'worker']?: PipelineContext | undefined } = {};
  const queue = new BackgroundQueue<number>({
    worker: (_item, context) => {
      if (context !== undefined) seen.worker = context;
    },
  });
  const rename = { rename: { mine: 'theirs' }, pick: ['key', 'deleted', 'changed', 'local'] };
  await runPipeline(
    rootAround(
      childAround(
        childNode(async (node) => {
          node.parameters.delete('deleted');
          node.parameters.set('changed', 2).set('own', 3);
          seen.node = node;
          seen.captured = captureContext().context;
          await queue.enqueue(1);
        }),
        { contextConfiguration: { inheritParentParameters: rename } },
      ),
      {
        contextConfiguration: { inheritParentParameters: { omit: ['withheld'] } },
        with: { parameters: [[Local, 1]] },
      },
    ),
    { parameters: { key: 1, theirs: 1, deleted: 1, changed: 1, withheld: 1, unpicked: 1 } },
  );
  await queue.close();
  const { node, captured, worker } = seen;
  if (node === undefined || captured === undefined || worker === undefined)
    throw new TypeError('not reached');
  return { node, captured, worker };
}

const keys = ['key', 'mine', 'deleted', 'changed', 'own', 'withheld', 'unpicked', 'local', 'unknown'];

describe('a captured context, and that of a queue’s worker', () => {
  test.each(['captured', 'worker'] as const)(
    'tell the way of a value as where it was captured: %s',
    async (which) => {
      const contexts = await contextsAtDepth2();

      expect(wayOf(contexts[which], 'key')).toEqual([
        'set root',
        'inherited root/child',
        'inherited root/child/inner',
      ]);
      expect(keys.map((key) => wayOf(contexts[which], key))).toEqual(
        keys.map((key) => wayOf(contexts.node, key)),
      );
    },
  );

  test.each(['captured', 'worker'] as const)(
    'say why a key is missing as where it was captured: %s',
    async (which) => {
      const contexts = await contextsAtDepth2();

      for (const key of ['deleted', 'withheld', 'unpicked', 'local', 'unknown'])
        expect(hintFor(contexts[which], key)).toBe(hintFor(contexts.node, key));
      expect(hintFor(contexts[which], 'withheld')).toContain("'root/child' does not pass it on");
      expect(hintFor(contexts[which], 'deleted')).toContain('It was deleted');
    },
  );

  test('tell the way as it was then: what the parent changes later is not in it', async () => {
    const captured: PipelineContext[] = [];
    const ways: string[][] = [];
    await runPipeline(
      rootAround(
        childNode(() => {
          const { context } = captureContext();
          if (context !== undefined) captured.push(context);
        }),
        { contextConfiguration: { inheritParentParameters: { pick: ['a'] } } },
        [1],
        (root) => {
          root.parameters.set('b', 1).delete('a');
          for (const context of captured) ways.push(wayOf(context, 'a'), wayOf(context, 'b'));
        },
      ),
      { parameters: { a: 1 } },
    );

    expect(ways).toEqual([['set root', 'inherited root/child'], []]);
  });

  test('tell their own changes as such', async () => {
    const { captured } = await contextsAtDepth2();
    captured.parameters.set('key', 5).set('new', 6).delete('mine');

    expect(['key', 'new', 'mine'].map((key) => wayOf(captured, key).at(-1))).toEqual([
      'overridden root/child/inner',
      'set root/child/inner',
      'deleted root/child/inner',
    ]);
  });
});
