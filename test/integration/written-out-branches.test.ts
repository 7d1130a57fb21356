import { describe, expect, test } from 'vitest';
import { PipelineError, PipelineRunner, SKIP, type OutputHandle, type PipelineBuilder } from 'heirline';
import { countsAt, definePipeline, expectBalanced, nextTurn, outcomeOf } from './support/harness.js';

const same = (item: number): number => item;

/** Adds a transform that several others lead to. */
function merge(builder: PipelineBuilder, name: string, from: readonly OutputHandle<number>[]) {
  const merged = builder.addTransform(same, name);
  for (const each of from) builder.connect(each, merged);
  return merged;
}

describe.each([
  ['in the code that all plans share', false],
  ['written out', { after: 0 }],
  ['written out in the middle of the run', { after: 2 }],
] as const)('branches, %s', (_, codeGeneration) => {
  const runner = new PipelineRunner({ codeGeneration, graceMs: 20 });

  test('reach a node as often as there are ways to it, also where these are thousands', async () => {
    let last = 0;
    const Root = definePipeline('Root', (builder) => {
      let from: OutputHandle<number> = builder.addSource([1, 2, 3], 'numbers');
      for (let level = 0; level < 12; level += 1) {
        const branches = ['left', 'right'].map((side) =>
          builder.addTransform(same, { name: `${side}-${String(level)}`, from }),
        );
        from = merge(builder, `merge-${String(level)}`, branches);
      }
      builder.addSink(() => void (last += 1), { name: 'sink', from });
    });
    const result = await runner.run(Root);

    expect(last).toBe(3 * 4_096);
    expect(countsAt(result, 'Root/sink')).toMatchObject({ in: last, out: last });
    expect(countsAt(result, 'Root/right-3')).toMatchObject({ in: 3 * 8, emitted: 3 * 8 });
  });

  test('count what has passed also where the run is given up while a branch hangs', async () => {
    const controller = new AbortController();
    const Root = definePipeline('Root', (builder) => {
      const from = builder.addSource([1, 2, 3, 4, 5, 6], 'numbers');
      const even = builder.addTransform((item: number) => (item % 2 === 0 ? item : SKIP), {
        name: 'even',
        from,
      });
      const hanging = builder.addTransform(
        (item: number) => (item === 5 ? new Promise<number>(() => undefined) : item),
        { name: 'hanging', from },
      );
      builder.addSink(same, { name: 'sink', from: merge(builder, 'merge', [hanging, even]) });
    });
    const running = outcomeOf(runner.run(Root, { signal: controller.signal }));
    await nextTurn();
    controller.abort();
    const { code, result } = await running;

    expectBalanced(result);
    expect([code, result.abandoned]).toEqual(['RUN_CANCELLED', ['Root/hanging']]);
    expect(countsAt(result, 'Root/even')).toMatchObject({ in: 5, out: 2, filtered: 3 });
    expect(countsAt(result, 'Root/hanging')).toMatchObject({ in: 5, out: 4, cancelled: 1 });
    expect(countsAt(result, 'Root/sink')).toMatchObject({ in: 6, out: 6 });
  });

  test('give up an item in the branches behind one that fails', async () => {
    const Root = definePipeline('Root', (builder) => {
      const from = builder.addSource([1, 2, 3], 'numbers');
      const failing = builder.addTransform(
        (item: number) => {
          if (item === 2) throw new RangeError('two');
          return item;
        },
        { name: 'failing', from },
      );
      const other = builder.addTransform(same, { name: 'other', from });
      builder.addSink(same, { name: 'sink', from: merge(builder, 'merge', [failing, other]) });
    });
    const error: unknown = await runner.run(Root).catch((thrown: unknown) => thrown);
    if (!(error instanceof PipelineError) || error.result === undefined) throw new TypeError('did not fail');

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'Root/failing' });
    expect(countsAt(error.result, 'Root/failing')).toMatchObject({ in: 2, out: 1, failed: 1 });
    expect(countsAt(error.result, 'Root/other')).toMatchObject({ in: 2, out: 1, cancelled: 1 });
    expect(countsAt(error.result, 'Root/sink')).toMatchObject({ in: 2, out: 2 });
  });
});
