import { describe, expect, it } from 'vitest';
import {
  CompositeContextConfiguration,
  contextKey,
  runPipeline,
  PipelineRunner,
  type PipelineBuilder,
  type PipelineDefinition,
} from 'heirline';
import { gate, subPipeline, throughChild, turn, wrapping } from './support/pipelines.js';

const { inheritAll } = CompositeContextConfiguration;

interface Limits {
  range: { low: number; high: number };
}
const LimitsKey = contextKey<Limits>('limits');

describe('A child under the default configuration', () => {
  it('has three empty dictionaries, whatever the parent holds', async () => {
    const seen: unknown[] = [];
    const Child = subPipeline((item: number, context) => {
      seen.push(context.parameters.has('rate'));
      for (const dictionary of [context.parameters, context.items, context.properties]) {
        seen.push(dictionary.size, [...dictionary.keys()], dictionary.toObject());
      }
      return item;
    });
    const { Root } = throughChild([1], Child);

    await runPipeline(Root, {
      parameters: { rate: 1 },
      items: { cache: new Map() },
      properties: { note: 'n' },
    });

    expect(seen).toEqual([false, 0, [], {}, 0, [], {}, 0, [], {}]);
  });
});

describe('What a child writes', () => {
  it('is never visible in the parent, nor in the child of the next item', async () => {
    const seen: unknown[] = [];
    const Child = subPipeline((item: number, context) => {
      for (const dictionary of [context.parameters, context.items, context.properties]) {
        seen.push(dictionary.toObject());
        dictionary.set('kept', 'overwritten').set('added', item);
        dictionary.delete('dropped');
        seen.push(dictionary.toObject());
      }
      return item;
    });
    const sunk: unknown[] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const source = builder.addSource([1, 2]);
        const child = builder.addComposite(Child, { name: 'child', contextConfiguration: inheritAll });
        const sink = builder.addSink((_item: number, context) => {
          sunk.push(context.parameters.toObject(), context.items.toObject());
        });
        builder.connect(source, child).connect(child, sink);
      }
    }
    const given = { kept: 'original', dropped: 'there' };

    const result = await runPipeline(Root, { parameters: given, items: given, properties: given });

    const first = [given, { kept: 'overwritten', added: 1 }];
    const second = [given, { kept: 'overwritten', added: 2 }];
    expect(seen).toEqual([...first, ...first, ...first, ...second, ...second, ...second]);
    expect(sunk).toEqual([given, given, given, given]);
    expect(result.context.parameters.toObject()).toEqual(given);
    expect(result.context.items.toObject()).toEqual(given);
    expect(result.context.properties.toObject()).toEqual(given);
  });

  it('is visible to the later nodes of the same child', async () => {
    class Child implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const input = builder.addCompositeInput();
        const write = builder.addTransform(
          (item: number, context) => {
            context.parameters.set('factor', item * 10);
            return item;
          },
          { from: input },
        );
        const read = builder.addTransform(
          (item, context) => item * Number(context.parameters.require('factor')),
          { from: write },
        );
        builder.connect(read, builder.addCompositeOutput());
      }
    }
    const { Root, received } = throughChild([1, 2, 3], Child);

    await runPipeline(Root);

    expect(received).toEqual([10, 40, 90]);
  });

  it('cannot reach into the parent’s data: inherited objects are closed', async () => {
    const refused: unknown[] = [];
    const Child = subPipeline((item: number, context) => {
      const limits = context.parameters.require(LimitsKey);
      try {
        limits.range.low = -1;
      } catch (error) {
        refused.push(error);
      }
      return item;
    });
    const { Root } = throughChild([1], Child, { contextConfiguration: inheritAll });

    const result = await runPipeline(Root, { parameters: { limits: { range: { low: 0, high: 9 } } } });

    expect(refused).toHaveLength(1);
    expect(refused[0]).toBeInstanceOf(TypeError);
    expect(result.context.parameters.get(LimitsKey)).toEqual({ range: { low: 0, high: 9 } });
  });

  it('with update, changes the child’s view alone', async () => {
    const seen: unknown[] = [];
    const Child = subPipeline((item: number, context) => {
      context.parameters.update(LimitsKey, (draft) => {
        draft.range.low -= item;
      });
      seen.push(context.parameters.get(LimitsKey));
      return item;
    });
    const { Root } = throughChild([1, 2], Child, { contextConfiguration: inheritAll });

    const result = await runPipeline(Root, { parameters: { limits: { range: { low: 0, high: 9 } } } });

    expect(seen).toEqual([{ range: { low: -1, high: 9 } }, { range: { low: -2, high: 9 } }]);
    expect(result.context.parameters.get(LimitsKey)).toEqual({ range: { low: 0, high: 9 } });
  });

  it('into a live service reaches everybody: context items pass by reference', async () => {
    const cache = new Map<string, number>();
    const Child = subPipeline((item: number, context) => {
      expect(context.items.get('cache')).toBe(cache);
      cache.set(`item ${item}`, item);
      return item;
    });
    const { Root } = throughChild([1, 2], Child, { contextConfiguration: inheritAll });

    await runPipeline(Root, { items: { cache } });

    expect([...cache.values()]).toEqual([1, 2]);
  });
});

describe('What the parent writes between two items', () => {
  it('is seen by the child of the next item, in every dictionary', async () => {
    const seen: unknown[] = [];
    const Child = subPipeline((item: number, context) => {
      seen.push([context.parameters.get('rate'), context.items.get('rate'), context.properties.get('rate')]);
      return item;
    });
    const { Root } = throughChild(
      function* (context) {
        for (const item of [1, 2]) {
          for (const dictionary of [context.parameters, context.items, context.properties]) {
            dictionary.set('rate', item * 100);
          }
          yield item;
        }
        for (const dictionary of [context.parameters, context.items, context.properties]) {
          dictionary.delete('rate');
        }
        yield 3;
      },
      Child,
      { contextConfiguration: inheritAll },
    );

    await runPipeline(Root);

    expect(seen).toEqual([
      [100, 100, 100],
      [200, 200, 200],
      [undefined, undefined, undefined],
    ]);
  });

  it('is never seen by a child that already runs', async () => {
    const second = gate();
    const seen: [number, unknown][] = [];
    const Child = subPipeline(async (item: number, context) => {
      if (item === 1) await second.opened;
      else second.open();
      seen.push([item, context.parameters.get('rate')]);
      return item;
    });
    const { Root } = throughChild(
      function* (context) {
        context.parameters.set('rate', 'first');
        yield 1;
        context.parameters.set('rate', 'second');
        yield 2;
      },
      Child,
      { contextConfiguration: inheritAll, concurrency: 2 },
    );

    await runPipeline(Root);

    expect(seen.sort()).toEqual([
      [1, 'first'],
      [2, 'second'],
    ]);
  });

  it('by update leaves what a running child holds as it was', async () => {
    const second = gate();
    const seen: [number, unknown][] = [];
    const Child = subPipeline(async (item: number, context) => {
      const before = context.parameters.get(LimitsKey);
      if (item === 1) await second.opened;
      else second.open();
      expect(context.parameters.get(LimitsKey)).toBe(before);
      seen.push([item, before]);
      return item;
    });
    const { Root } = throughChild(
      function* (context) {
        context.parameters.set(LimitsKey, { range: { low: 0, high: 1 } });
        yield 1;
        context.parameters.update(LimitsKey, (draft) => {
          draft.range.high = 2;
        });
        yield 2;
      },
      Child,
      { contextConfiguration: inheritAll, concurrency: 2 },
    );

    await runPipeline(Root);

    expect(seen.sort()).toEqual([
      [1, { range: { low: 0, high: 1 } }],
      [2, { range: { low: 0, high: 2 } }],
    ]);
  });
});

describe('Inheritance over several levels', () => {
  function levels(
    first: CompositeContextConfiguration,
    second: CompositeContextConfiguration,
  ): { Root: new () => PipelineDefinition; seen: unknown[] } {
    const seen: unknown[] = [];
    const Inner = subPipeline((item: number, context) => {
      seen.push(context.parameters.toObject());
      return item;
    });
    const Outer = wrapping(Inner, { contextConfiguration: second });
    const { Root } = throughChild([1], Outer, { contextConfiguration: first });
    return { Root, seen };
  }

  it('passes the root’s value down where every level inherits', async () => {
    const { Root, seen } = levels(inheritAll, inheritAll);
    await runPipeline(Root, { parameters: { rate: 1 } });

    expect(seen).toEqual([{ rate: 1 }]);
  });

  it('stops at the level that does not inherit', async () => {
    const { Root, seen } = levels(inheritAll, CompositeContextConfiguration.default);
    await runPipeline(Root, { parameters: { rate: 1 } });

    expect(seen).toEqual([{}]);
  });

  it('cannot take what the level above did not take', async () => {
    const { Root, seen } = levels(CompositeContextConfiguration.default, inheritAll);
    await runPipeline(Root, { parameters: { rate: 1 } });

    expect(seen).toEqual([{}]);
  });

  it('passes on what the level above was given explicitly', async () => {
    const seen: unknown[] = [];
    const Inner = subPipeline((item: number, context) => {
      seen.push(context.parameters.toObject());
      return item;
    });
    const Outer = wrapping(Inner, { contextConfiguration: inheritAll });
    const { Root } = throughChild([1], Outer, { with: { parameters: { rate: 2 } } });

    await runPipeline(Root, { parameters: { rate: 1, other: 1 } });

    expect(seen).toEqual([{ rate: 2 }]);
  });

  it('renames step by step', async () => {
    const seen: unknown[] = [];
    const Inner = subPipeline((item: number, context) => {
      seen.push(context.parameters.toObject());
      return item;
    });
    const Outer = wrapping(Inner, {
      contextConfiguration: { inheritParentParameters: { rename: { c: 'b' } } },
    });
    const { Root } = throughChild([1], Outer, {
      contextConfiguration: { inheritParentParameters: { rename: { b: 'a' } } },
    });

    await runPipeline(Root, { parameters: { a: 1 } });

    expect(seen).toEqual([{ c: 1 }]);
  });
});

describe('Two composites of one parent', () => {
  it('each follow their own configuration, in 50 runs at once without a crossing', async () => {
    const seen: { run: string; taking: unknown; refusing: unknown }[] = [];
    const reader = (): ReturnType<typeof subPipeline<{ run: string }, { run: string; value: unknown }>> =>
      subPipeline(async (item: { run: string }, context) => {
        await turn();
        return { run: item.run, value: context.parameters.get('run') };
      });
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const source = builder.addSource((context) => [
          { run: String(context.parameters.require('run')) },
          { run: String(context.parameters.require('run')) },
        ]);
        const taking = builder.addComposite(reader(), {
          name: 'taking',
          contextConfiguration: { inheritParentParameters: true },
        });
        const refusing = builder.addComposite(reader(), { name: 'refusing' });
        builder.connect(source, taking).connect(source, refusing);
        builder.connect(
          taking,
          builder.addSink((item: { run: string; value: unknown }) =>
            seen.push({ run: item.run, taking: item.value, refusing: undefined }),
          ),
        );
        builder.connect(
          refusing,
          builder.addSink((item: { run: string; value: unknown }) =>
            seen.push({ run: item.run, taking: item.run, refusing: item.value }),
          ),
        );
      }
    }
    const runner = new PipelineRunner();
    const runs = Array.from({ length: 50 }, (_, index) =>
      runner.run(Root, { parameters: { run: `run-${index}` } }),
    );

    await Promise.all(runs);

    expect(seen).toHaveLength(200);
    for (const { run, taking, refusing } of seen) {
      expect(taking).toBe(run);
      expect(refusing).toBeUndefined();
    }
  });
});
