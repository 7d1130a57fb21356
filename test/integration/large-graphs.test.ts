import { describe, expect, test } from 'vitest';
import type { PipelineBuilder } from 'heirline';
import { buildPipeline, PipelineRunner, type OutputHandle, type PipelineDefinition } from 'heirline';
import { definePipeline } from './support/harness.js';

const keep = (item: number): number => item;
const ignore = (): void => undefined;

/** Adds nodes one behind the other, each by a function of the one before. */
function inARow(
  builder: PipelineBuilder,
  count: number,
  add: (from: OutputHandle<number>) => OutputHandle<number>,
): void {
  let last: OutputHandle<number> = builder.addSource<number>([]);
  for (let number = 0; number < count; number += 1) last = add(last);
  builder.addSink(ignore, { from: last });
}

class Class {
  transform(item: number): number {
    return item;
  }
}

class Child implements PipelineDefinition<number, number> {
  define(builder: PipelineBuilder<number, number>): void {
    builder.addCompositeOutput({ from: builder.addCompositeInput() });
  }
}

// Every node looked at every edge: the time grew with the square of the nodes.
describe('a graph is built in the time that its nodes and edges take', () => {
  test('50,000 nodes in a chain', { timeout: 60_000 }, () => {
    const chain = definePipeline('chain', (builder) => {
      inARow(builder, 50_000, (from) => builder.addTransform(keep, { from }));
    });

    expect(buildPipeline(chain).nodes).toHaveLength(50_002);
  });

  test('10,000 nodes of one class, which are numbered', () => {
    const chain = definePipeline('chain', (builder) => {
      inARow(builder, 10_000, (from) => builder.addTransform(Class, { from }));
    });

    expect(buildPipeline(chain).nodes.at(-2)?.id).toBe('Class-10000');
  });

  test('2,000 composites in a row', () => {
    const row = definePipeline('row', (builder) => {
      inARow(builder, 2_000, (from) => builder.addComposite(Child, { from }));
    });

    expect(buildPipeline(row).childGraphs.size).toBe(2_000);
  });

  test('2,000 diamonds', () => {
    const diamonds = definePipeline('diamonds', (builder) => {
      inARow(builder, 2_000, (from) => {
        const [left, right] = [builder.addTransform(keep, { from }), builder.addTransform(keep, { from })];
        const meet = builder.addTransform(keep, { from: left });
        builder.connect(right, meet);
        return meet;
      });
    });

    expect(buildPipeline(diamonds).edges).toHaveLength(8_001);
  });

  test('8,000 nodes in a chain are compiled and described too', async () => {
    const chain = definePipeline('chain', (builder) => {
      inARow(builder, 8_000, (from) => builder.addTransform(keep, { from }));
    });

    expect((await new PipelineRunner().run(chain)).nodes.size).toBe(8_002);
    expect(buildPipeline(chain).describe().split('\n')).toHaveLength(8_003);
  });
});
