import { describe, expect, it } from 'vitest';
import {
  PipelineInputSource,
  PipelineOutputSink,
  buildPipeline,
  runPipeline,
  type PipelineBuilder,
  type PipelineDefinition,
} from 'heirline';
import { gate, subPipeline, throughChild, turn, wrapping } from './support/pipelines.js';

describe('An item that passes through a composite', () => {
  class Order {
    lines: string[] = [];
  }

  it.each<[string, unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['zero', 0],
    ['an empty string', ''],
    ['false', false],
    ['NaN', NaN],
    ['a symbol', Symbol('item')],
    ['a bigint', 10n],
    ['a function', () => undefined],
    ['an instance of a class', new Order()],
    ['a plain object', { a: 1 }],
    ['an array', [1, [2]]],
    ['a Map', new Map([['a', 1]])],
    ['an error', new Error('just an item')],
  ])('goes in and comes out as the same value: %s', async (_title, item) => {
    const inside: unknown[] = [];
    const Child = subPipeline((value: unknown) => {
      inside.push(value);
      return value;
    });
    const { Root, received } = throughChild([item, item], wrapping(Child));

    await runPipeline(Root);

    expect(inside).toHaveLength(2);
    expect(received).toHaveLength(2);
    for (const value of [...inside, ...received]) expect(value).toBe(item);
  });

  it('is neither copied nor frozen on the way', async () => {
    const order = { lines: ['a'] };
    const Child = subPipeline((item: { lines: string[] }) => {
      item.lines.push('b');
      return item;
    });
    const { Root, received } = throughChild([order], Child);

    await runPipeline(Root);

    expect(received[0]).toBe(order);
    expect(order.lines).toEqual(['a', 'b']);
    expect(Object.isFrozen(order)).toBe(false);
  });

  it('passes also where the child connects its input straight to its output', async () => {
    class Straight implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
      }
    }
    const { Root, received } = throughChild([1, 2, 3], Straight);

    await runPipeline(Root);

    expect(received).toEqual([1, 2, 3]);
  });

  it('may be replaced by null or undefined in the child, and still counts as an output', async () => {
    const Child = subPipeline((item: number) => (item === 1 ? null : undefined));
    const { Root, received } = throughChild([1, 2], Child);

    const result = await runPipeline(Root);

    expect(received).toEqual([null, undefined]);
    expect(result.nodes.get('Root/child')).toMatchObject({ in: 2, out: 2, filtered: 0 });
  });
});

describe('Nested composites', () => {
  const Doubling = subPipeline((item: number) => item * 2);
  const SlowDoubling = subPipeline(async (item: number) => {
    for (let turns = 0; turns < (4 - item) * 3; turns += 1) await turn();
    return item * 2;
  });

  class DoublingTwice implements PipelineDefinition<number, number> {
    readonly #depth: number;
    readonly #concurrency: number;
    constructor(depth: number, concurrency: number) {
      this.#depth = depth;
      this.#concurrency = concurrency;
    }
    define(builder: PipelineBuilder<number, number>): void {
      const input = builder.addCompositeInput();
      const here = builder.addComposite(this.#concurrency > 1 ? SlowDoubling : Doubling, {
        name: 'here',
        from: input,
        concurrency: this.#concurrency,
      });
      if (this.#depth === 1) {
        builder.connect(here, builder.addCompositeOutput());
        return;
      }
      const below = builder.addComposite(new DoublingTwice(this.#depth - 1, this.#concurrency), {
        name: 'below',
        from: here,
        concurrency: this.#concurrency,
      });
      builder.connect(below, builder.addCompositeOutput());
    }
  }

  it.each([
    [1, 1, [2, 4, 6]],
    [2, 1, [4, 8, 12]],
    [3, 1, [8, 16, 24]],
    [1, 16, [2, 4, 6]],
    [2, 16, [4, 8, 12]],
    [3, 16, [8, 16, 24]],
  ])('doubling in %i levels with concurrency %i gives %j, in order', async (depth, concurrency, expected) => {
    const { Root, received } = throughChild([1, 2, 3], new DoublingTwice(depth, concurrency), {
      concurrency,
    });

    await runPipeline(Root);

    expect(received).toEqual(expected);
  });
});

describe('The bridges as nodes', () => {
  interface Customer {
    name: string;
  }
  class WithBridges implements PipelineDefinition<Customer, string> {
    define(builder: PipelineBuilder<Customer, string>): void {
      const input = builder.addSource(PipelineInputSource<Customer>, 'input');
      const name = builder.addTransform((customer: Customer) => customer.name, { name: 'name' });
      const output = builder.addSink(PipelineOutputSink<string>, 'output');
      builder.connect(input, name).connect(name, output);
    }
  }
  class WithMethods implements PipelineDefinition<Customer, string> {
    define(builder: PipelineBuilder<Customer, string>): void {
      const input = builder.addCompositeInput();
      const name = builder.addTransform((customer) => customer.name, { name: 'name', from: input });
      builder.connect(name, builder.addCompositeOutput());
    }
  }

  it('PipelineInputSource and PipelineOutputSink behave as addCompositeInput and addCompositeOutput', async () => {
    const customers = [{ name: 'ann' }, { name: 'bob' }];
    const bridges = throughChild(customers, WithBridges);
    const methods = throughChild(customers, WithMethods);

    const first = await runPipeline(bridges.Root);
    const second = await runPipeline(methods.Root);

    expect(bridges.received).toEqual(['ann', 'bob']);
    expect(methods.received).toEqual(['ann', 'bob']);
    expect([...first.nodes]).toEqual(
      [...second.nodes].map(([path, counts]) => [
        path,
        { ...counts, pipelineName: counts.pipelineName.replace('WithMethods', 'WithBridges') },
      ]),
    );
  });

  it('have the same kinds and the same names in the graph', () => {
    const kinds = (definition: new () => PipelineDefinition<Customer, string>): unknown =>
      buildPipeline(definition).nodes.map(({ id, kind }) => ({ id, kind }));

    expect(kinds(WithBridges)).toEqual(kinds(WithMethods));
    expect(kinds(WithBridges)).toEqual(
      expect.arrayContaining([
        { id: 'input', kind: 'composite-input' },
        { id: 'output', kind: 'composite-output' },
      ]),
    );
  });

  it('may have other names', async () => {
    class Renamed implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const input = builder.addCompositeInput('from-parent');
        builder.connect(input, builder.addCompositeOutput('to-parent'));
      }
    }
    const { Root, received } = throughChild([1], Renamed);

    const result = await runPipeline(Root);

    expect(received).toEqual([1]);
    expect([...result.nodes.keys()]).toEqual(
      expect.arrayContaining(['Root/child/from-parent', 'Root/child/to-parent']),
    );
  });
});

describe('The order of outputs', () => {
  it('is that of the inputs, also with concurrency above 1', async () => {
    const Child = subPipeline(async (item: number) => {
      for (let turns = item; turns < 12; turns += 1) await turn();
      return item;
    });
    const items = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    const { Root, received } = throughChild(items, Child, { concurrency: 4 });

    await runPipeline(Root);

    expect(received).toEqual(items);
  });

  it('is that of completion where the composite says ordered: false', async () => {
    const secondIsOut = gate();
    const Child = subPipeline(async (item: number) => {
      if (item === 1) await secondIsOut.opened;
      return item;
    });
    const received: number[] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const child = builder.addComposite(Child, {
          name: 'child',
          from: builder.addSource([1, 2]),
          concurrency: 2,
          ordered: false,
        });
        const sink = builder.addSink((item: number) => {
          received.push(item);
          if (item === 2) secondIsOut.open();
        });
        builder.connect(child, sink);
      }
    }

    await runPipeline(Root);

    expect(received).toEqual([2, 1]);
  });

  it('runs no more children at once than concurrency says', async () => {
    let running = 0;
    let most = 0;
    const Child = subPipeline(async (item: number) => {
      running += 1;
      most = Math.max(most, running);
      await turn();
      await turn();
      running -= 1;
      return item;
    });
    const { Root } = throughChild(
      Array.from({ length: 20 }, (_, index) => index),
      Child,
      {
        concurrency: 3,
      },
    );

    await runPipeline(Root);

    expect(most).toBe(3);
  });

  it('is kept per input where several inputs meet', async () => {
    const received: [string, number][] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const child = builder.addComposite(
          subPipeline(async (item: [string, number]) => {
            await turn();
            return item;
          }),
          { name: 'child' },
        );
        for (const name of ['a', 'b']) {
          const numbers = [1, 2, 3, 4, 5].map((index): [string, number] => [name, index]);
          builder.connect(builder.addSource(numbers, name), child);
        }
        builder.connect(
          child,
          builder.addSink((item: [string, number]) => received.push(item)),
        );
      }
    }

    await runPipeline(Root);

    expect(received).toHaveLength(10);
    for (const name of ['a', 'b']) {
      const own = received.filter(([source]) => source === name).map(([, index]) => index);
      expect(own).toEqual([1, 2, 3, 4, 5]);
    }
  });
});

describe('Further sources and sinks in a child', () => {
  it('are allowed: the child ends when all of them have ended', async () => {
    const log: string[] = [];
    class Child implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const input = builder.addCompositeInput();
        builder.connect(input, builder.addCompositeOutput());
        const audit = builder.addSink(async (item: number, context) => {
          context.onDispose(() => log.push(`child ${item} ended`));
          for (let turns = 0; turns < 5; turns += 1) await turn();
          log.push(`audit ${item}`);
        }, 'audit');
        builder.connect(input, audit);
        const beacon = builder.addSource(async function* () {
          yield 'tick';
          for (let turns = 0; turns < 5; turns += 1) await turn();
          yield 'tock';
        }, 'beacon');
        builder.connect(
          beacon,
          builder.addSink((tick: string) => log.push(tick), 'beacon-sink'),
        );
      }
    }
    const { Root, received } = throughChild([1, 2], Child);

    await runPipeline(Root);

    expect(received).toEqual([1, 2]);
    for (const expected of ['tick', 'tock']) {
      expect(log.filter((line) => line === expected)).toHaveLength(2);
    }
    const order = log.filter((line) => !line.startsWith('t'));
    expect(order).toEqual(['audit 1', 'child 1 ended', 'audit 2', 'child 2 ended']);
    expect(log.lastIndexOf('tock')).toBeLessThan(log.indexOf('child 2 ended'));
  });

  it('may contribute to the output', async () => {
    class Child implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const output = builder.addCompositeOutput();
        builder.connect(builder.addCompositeInput(), output);
        builder.connect(builder.addSource([100], 'extra'), output);
      }
    }
    const { Root, received } = throughChild([1, 2], Child, { output: 'many' });

    await runPipeline(Root);

    expect([...received].sort((a, b) => a - b)).toEqual([1, 2, 100, 100]);
  });
});
