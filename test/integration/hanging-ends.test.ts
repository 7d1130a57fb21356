import { describe, expect, test } from 'vitest';
import { PipelineRunner, SinkNode, type ItemCompositeOptions, type StreamCompositeOptions } from 'heirline';
import {
  countsAt,
  definePipeline,
  expectBalanced,
  rejectionOf,
  resultOf,
  type DefinitionClass,
} from './support/harness.js';
import { childAround, rootAround } from './support/small-graphs.js';

const never = new Promise<never>(() => undefined);

class HangingFlush extends SinkNode<number> {
  override write(): void {
    // Takes everything.
  }

  override flush(): Promise<never> {
    return never;
  }
}

/** A child that gives its item and has something at its end that never answers; what is registered before that is disposed. */
const childWith = (how: 'flush' | 'disposer', disposed: string[] = []): DefinitionClass<number, number> =>
  definePipeline('child-pipeline', (builder) => {
    const input = builder.addCompositeInput();
    builder.connect(input, builder.addCompositeOutput());
    const sink =
      how === 'flush'
        ? builder.addSink(new HangingFlush(), 'hanging')
        : builder.addSink((_item: number, context) => {
            context.onDispose(() => disposed.push('disposed'));
            context.onDispose(() => never);
          }, 'hanging');
    builder.connect(input, sink);
  });

const runner = new PipelineRunner({ graceMs: 30 });

const placements: readonly (readonly [string, ItemCompositeOptions<number> | StreamCompositeOptions])[] = [
  ['of one item', {}],
  ['in lanes', { concurrency: 4 }],
  ['of many outputs', { output: 'many' }],
  ['with a limit', { timeoutMs: 5_000 }],
  ['of the whole stream', { granularity: 'stream' }],
];

describe.each(placements)('in a child %s, after the last item', (_name, options) => {
  const rootOver = (child: DefinitionClass<number, number>) =>
    definePipeline('root', (builder) => {
      const composite = builder.addComposite(child, {
        name: 'child',
        from: builder.addSource([1]),
        ...options,
      });
      builder.connect(
        composite,
        builder.addSink(() => undefined, 'sink'),
      );
    });

  test('a flush that never answers is a failure, and says so', async () => {
    const error = await rejectionOf(runner.run(rootOver(childWith('flush'))));

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/child/hanging' });
    expect(error.message).toContain('graceMs');
    expect(resultOf(error).abandoned).toEqual(['root/child/hanging']);
    expectBalanced(resultOf(error));
  });

  test('a disposer that never answers is a failure, and those before it are called', async () => {
    const disposed: string[] = [];
    const error = await rejectionOf(runner.run(rootOver(childWith('disposer', disposed))));

    expect(error.code).toBe('DISPOSAL_FAILED');
    expect(error.message).toContain('graceMs');
    expect(disposed).toEqual(['disposed']);
    expectBalanced(resultOf(error));
  });

  test('both are so in a child of that child', async () => {
    for (const how of ['flush', 'disposer'] as const) {
      const startedAt = performance.now();
      const error = await rejectionOf(runner.run(rootOver(childAround(childWith(how)))));

      expect(error.message).toContain('graceMs');
      // Waited for once, not once per level.
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    }
  });
});

test('a composite whose policy skips goes on after a child whose flush never answers', async () => {
  const result = await runner.run(rootAround(childWith('flush'), { errorPolicy: 'skip' }, [1, 2]));

  expect(countsAt(result, 'root/child')).toMatchObject({ in: 2, filtered: 2 });
  expect(result.abandoned).toEqual(['root/child/hanging']);
});
