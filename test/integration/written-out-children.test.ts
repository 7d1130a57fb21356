import { describe, expect, test } from 'vitest';
import {
  errorPolicy,
  PipelineRunner,
  SKIP,
  TransformNode,
  type PipelineContext,
  type RunResult,
} from 'heirline';
import { definePipeline, type DefinitionClass } from './support/harness.js';

type Log = string[];
type NodeClass = new (context: PipelineContext) => TransformNode<number, number>;

/** Code that is never generated, from the first item on, and from the middle of the run on. */
const ways = [false, { after: 0 }, { after: 2 }] as const;

/** A child of some nodes in a row. */
function childOf(...nodes: readonly NodeClass[]): DefinitionClass<number, number> {
  return definePipeline<number, number>('Child', (builder) => {
    let last = builder.addCompositeInput();
    nodes.forEach((Node, at) => {
      last = builder.addTransform(Node, { name: `node-${String(at)}`, from: last });
    });
    builder.addCompositeOutput({ from: last });
  });
}

/** Runs a child for each of five items in one way; what fails is skipped. */
async function run(
  make: (log: Log) => DefinitionClass<number, number>,
  codeGeneration: (typeof ways)[number],
): Promise<{ log: Log; status: string; counts: unknown }> {
  const log: Log = [];
  const Child = make(log);
  const Root = definePipeline('Root', (builder) => {
    const child = builder.addComposite(Child, {
      name: 'child',
      from: builder.addSource([1, 2, 3, 4, 5], 'numbers'),
      output: 'optional',
      errorPolicy: errorPolicy('skip'),
    });
    builder.addSink((item: number) => void log.push(`took ${String(item)}`), { name: 'sink', from: child });
  });
  const result: RunResult = await new PipelineRunner({ codeGeneration }).run(Root).catch((error: unknown) => {
    return (error as { result: RunResult }).result;
  });
  return { log, status: result.status, counts: [...result.nodes] };
}

/** What the third instance of a node class does beside. */
interface Third {
  readonly construction?: (context: PipelineContext) => void;
  readonly init?: (context: PipelineContext) => unknown;
  readonly item?: (item: number, context: PipelineContext) => unknown;
}

/** Makes classes of nodes that write down what happens to them. */
function nodes(log: Log) {
  return (name: string, at: Third = {}): NodeClass => {
    let made = 0;
    return class extends TransformNode<number, number> {
      readonly #isThird: boolean;

      constructor(context: PipelineContext) {
        super();
        made += 1;
        this.#isThird = made === 3;
        log.push(`${name} made`);
        context.onDispose((outcome) => void log.push(`${name} ${outcome}`), { withOutcome: true });
        if (this.#isThird) at.construction?.(context);
        if (at.init !== undefined) this.init = (given) => (this.#isThird ? at.init?.(given) : undefined);
      }

      transform(item: number, context: PipelineContext): number {
        log.push(`${name} got ${String(item)}`);
        return (this.#isThird ? (at.item?.(item, context) ?? item) : item) as number;
      }
    };
  };
}

function fails(): never {
  throw new RangeError('no');
}

const later = async (): Promise<never> => {
  await Promise.resolve();
  return fails();
};

describe('a child that is written out does what the shared code does', () => {
  test.each<[string, Third]>([
    ['a constructor throws', { construction: fails }],
    ['a constructor cancels the run', { construction: (context: PipelineContext) => context.cancel() }],
    ['an init throws', { init: fails }],
    ['an init rejects', { init: later }],
    ['an init cancels the run', { init: (context: PipelineContext) => context.cancel() }],
    ['a call throws', { item: fails }],
    ['a call rejects', { item: later }],
    ['a call is waited for', { item: (item: number) => Promise.resolve(item) }],
    ['a call filters the item out', { item: () => SKIP }],
    ['a call cancels the run', { item: (_: number, context: PipelineContext) => context.cancel() }],
  ])('where %s in the middle of it', async (_, at) => {
    const make = (log: Log) => {
      const node = nodes(log);
      return childOf(node('first'), node('second', at), node('third'));
    };
    const [shared, ...written] = await Promise.all(ways.map((way) => run(make, way)));

    expect(shared?.log).toContain('second made');
    for (const one of written) expect(one).toEqual(shared);
  });

  test('where it has a source of its own, and a node cannot be made', async () => {
    const make = (log: Log) =>
      definePipeline<number, number>('Child', (builder) => {
        const node = nodes(log);
        const item = builder.addTransform(node('item', { construction: fails }), {
          name: 'item',
          from: builder.addCompositeInput(),
        });
        const own = builder.addSource(() => [SKIP as unknown as number], 'own');
        const both = builder.addTransform(node('both'), { name: 'both' });
        builder.connect(item, both);
        builder.connect(own, both);
        builder.addCompositeOutput({ from: both });
      });
    const [shared, ...written] = await Promise.all(ways.map((way) => run(make, way)));

    expect(shared?.log).toContain('item failed');
    for (const one of written) expect(one).toEqual(shared);
  });

  test('where a node is a proxy that refuses to say what it has', async () => {
    const make = (log: Log) => {
      class Shy extends TransformNode<number, number> {
        constructor() {
          super();
          return new Proxy(this, {
            has: (node, key) => (key === 'init' ? fails() : Reflect.has(node, key)),
          });
        }

        transform(item: number): number {
          return item * 10;
        }
      }
      return childOf(nodes(log)('first'), Shy, nodes(log)('last'));
    };
    const [shared, ...written] = await Promise.all(ways.map((way) => run(make, way)));

    expect(shared?.log.filter((line) => line.startsWith('took'))).toHaveLength(5);
    for (const one of written) expect(one).toEqual(shared);
  });

  test('where a node runs the same pipeline inside of itself while the code is generated', async () => {
    const sums = await Promise.all(
      ways.map(async (codeGeneration) => {
        const runner = new PipelineRunner({ codeGeneration });
        let depth = 0;
        let sum = 0;
        class Again extends TransformNode<number, number> {
          async transform(item: number): Promise<number> {
            depth += 1;
            if (depth < 4) await runner.run(Root);
            return item;
          }
        }
        const Root = definePipeline('Root', (builder) => {
          const from = builder.addSource([1, 2, 3], 'numbers');
          const child = builder.addComposite(childOf(Again), { name: 'child', from });
          builder.addSink((item: number) => void (sum += item), { name: 'sink', from: child });
        });
        await runner.run(Root);
        return sum;
      }),
    );

    expect(sums).toEqual([24, 24, 24]);
  });
});
