import { describe, expect, test } from 'vitest';
import { buildPipeline, PipelineBuilder } from 'heirline';
import { codesOf, definePipeline, errorOf } from './support/harness.js';

describe('describe()', () => {
  class Money {
    constructor(readonly amount: bigint) {}
  }

  class Unwritable {
    toJSON(): never {
      throw new Error('no');
    }
  }

  /** What is shown of one value of metadata. */
  function shown(value: unknown): string {
    const graph = buildPipeline(
      definePipeline('root', (builder) => {
        const items = builder.addSource([1], 'items');
        builder.setNodeMetadata(items, 'note', value);
        builder.addSink(() => undefined, { name: 'sink', from: items });
      }),
    );
    const line = graph.describe().split('\n')[1] ?? '';
    return /\[#note=(.*)\]/.exec(line)?.[1] ?? line;
  }

  test('writes any metadata in one line', () => {
    const circle: Record<string, unknown> = { name: 'ring', list: [] };
    circle['self'] = circle;
    (circle['list'] as unknown[]).push(circle);
    const cases: [unknown, string][] = [
      ['text', 'text'],
      [{ owner: 'shop', tags: ['a', 1, null] }, '{"owner":"shop","tags":["a",1,null]}'],
      [5n, '5'],
      [{ rows: 5n }, '{"rows":5}'],
      [circle, '{"name":"ring","list":[[circular]],"self":[circular]}'],
      [new Map<unknown, unknown>([['a', { b: 1n }]]), 'Map{"a":{"b":1}}'],
      [new Set(['a', new Map([[1, 2]])]), 'Set["a",Map{1:2}]'],
      [new Date(0), '"1970-01-01T00:00:00.000Z"'],
      [new Money(5n), 'Money{"amount":5}'],
      [new Unwritable(), 'a value that cannot be read'],
      [Symbol('sign'), 'Symbol(sign)'],
      [function pick() {}, '[function pick]'],
    ];
    for (const [value, text] of cases) expect(shown(value)).toBe(text);
  });

  test('writes constant values of a composite too, at any depth', () => {
    const child = definePipeline<number, number>('child', (builder) => {
      builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
    });
    const graph = buildPipeline(
      definePipeline('root', (builder) => {
        const composite = builder.addComposite(child, {
          name: 'child',
          from: builder.addSource([1], 'items'),
          with: { parameters: { limit: 5n, rates: new Map([['a', 1n]]) } },
        });
        builder.addSink(() => undefined, { name: 'sink', from: composite });
      }),
    );
    expect(() => graph.describe()).not.toThrow();
  });
});

describe('a build that is refused', () => {
  test('leaves the builder open: what was missing is added, and it builds', () => {
    const builder = new PipelineBuilder();
    const items = builder.addSource([1], 'items');
    const error = errorOf(() => builder.build());
    expect(codesOf(error)).toContain('NODE_UNCONNECTED');
    expect(errorOf(() => builder.build()).code).toBe('PIPELINE_VALIDATION_FAILED');
    const sink = builder.addSink(() => undefined, 'sink');
    builder.connect(items, sink).setNodeMetadata(sink, 'owner', 'shop');
    expect(builder.validate().ok).toBe(true);
    expect(builder.build().nodes.map(({ id }) => id)).toEqual(['items', 'sink']);
    for (const use of [
      () => builder.addSource([1]),
      () => builder.connect(items, sink),
      () => builder.setNodeMetadata(sink, 'owner', 'other'),
    ]) {
      expect(errorOf(use).code).toBe('BUILDER_SEALED');
    }
  });

  test('leaves it open also where a child is what is wrong', () => {
    let isWrong = true;
    const child = definePipeline<number, number>('child', (builder) => {
      const input = builder.addCompositeInput();
      if (!isWrong) builder.connect(input, builder.addCompositeOutput());
    });
    const builder = new PipelineBuilder();
    const composite = builder.addComposite(child, { name: 'child', from: builder.addSource([1], 'items') });
    builder.addSink(() => undefined, { name: 'sink', from: composite });
    expect(codesOf(errorOf(() => builder.build()))).toContain('COMPOSITE_OUTPUT_MISSING');
    isWrong = false;
    expect(builder.build().childGraphs.size).toBe(1);
  });
});
