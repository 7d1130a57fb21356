import { describe, expect, test } from 'vitest';
import {
  buildPipeline,
  CompositeNaming,
  contextKey,
  pipeline,
  PipelineBuilder,
  PipelineInputSource,
  PipelineOutputSink,
  PipelineRunner,
  SinkNode,
  SourceNode,
  TransformNode,
  type PipelineDefinition,
  type PipelineGraph,
} from 'heirline';
import { definePipeline, defineStep } from './support/harness.js';

class Numbers extends SourceNode<number> {
  override open(): Iterable<number> {
    return [1, 2, 3];
  }
}
class Double extends TransformNode<number, number> {
  override transform(item: number): number {
    return item * 2;
  }
}
class Save extends SinkNode<number> {
  override write(): void {
    // takes everything
  }
}

const Locate = defineStep<number, number>('locate-pipeline', 'look-up', (item) => item);
const Enrich = definePipeline<number, number>('enrich-pipeline', (builder) => {
  const origin = builder.addComposite(Locate, { name: 'origin', from: builder.addCompositeInput() });
  const destination = builder.addComposite(Locate, { name: 'destination', from: origin });
  builder.connect(destination, builder.addCompositeOutput());
});
const Flights = definePipeline('flights', (builder) => {
  const enrich = builder.addComposite(Enrich, { name: 'enrich', from: builder.addSource(Numbers, 'read') });
  builder.connect(enrich, builder.addSink(Save, 'save'));
});

/** What a graph says, as plain data. */
function outline(graph: PipelineGraph): unknown {
  return {
    name: graph.name,
    nodes: graph.nodes.map((node) => `${node.kind} ${node.id}`),
    edges: graph.edges.map((edge) => `${edge.from} → ${edge.to}`),
    children: Object.fromEntries([...graph.childGraphs].map(([id, child]) => [id, outline(child)])),
  };
}

describe('the graph of a pipeline', () => {
  test('holds its nodes, its edges and the graph of each composite, at every level', () => {
    const locate = {
      name: 'locate-pipeline',
      nodes: ['composite-input input', 'transform look-up', 'composite-output output'],
      edges: ['input → look-up', 'look-up → output'],
      children: {},
    };

    expect(outline(buildPipeline(Flights))).toEqual({
      name: 'flights',
      nodes: ['source read', 'composite enrich', 'sink save'],
      edges: ['read → enrich', 'enrich → save'],
      children: {
        enrich: {
          name: 'enrich-pipeline',
          nodes: [
            'composite-input input',
            'composite origin',
            'composite destination',
            'composite-output output',
          ],
          edges: ['input → origin', 'origin → destination', 'destination → output'],
          children: { origin: locate, destination: locate },
        },
      },
    });
  });

  test('names the kind of a stream transform', () => {
    const graph = buildPipeline(
      definePipeline('parent', (builder) => {
        const batch = builder.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            for await (const item of items) yield [item];
          },
          { name: 'batch', from: builder.addSource([1], 'read') },
        );
        builder.connect(
          batch,
          builder.addSink(() => undefined, 'save'),
        );
      }),
    );

    expect(graph.nodes.find((node) => node.id === 'batch')?.kind).toBe('stream-transform');
  });

  test('is a frozen value', () => {
    const graph = buildPipeline(Flights);

    expect(Object.isFrozen(graph)).toBe(true);
    expect(Object.isFrozen(graph.nodes)).toBe(true);
    expect(Object.isFrozen(graph.edges)).toBe(true);
    expect(graph.nodes.every((node) => Object.isFrozen(node))).toBe(true);
    expect(graph.edges.every((edge) => Object.isFrozen(edge))).toBe(true);
  });

  test('is built without running anything', () => {
    const ran: string[] = [];
    class Eager extends TransformNode<number, number> {
      constructor() {
        super();
        ran.push('constructed');
      }
      override init(): void {
        ran.push('init');
      }
      override transform(item: number): number {
        ran.push('transform');
        return item;
      }
    }
    const Child = definePipeline<number, number>('child', (builder) => {
      const eager = builder.addTransform(Eager, { from: builder.addCompositeInput() });
      builder.connect(eager, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource(() => {
        ran.push('opened');
        return [1];
      });
      const child = builder.addComposite(Child, { from: source });
      builder.connect(
        child,
        builder.addSink(() => ran.push('written')),
      );
    });

    buildPipeline(Parent);

    expect(ran).toEqual([]);
  });

  test('of a sub-pipeline can be built alone, and its own requirements are not checked', () => {
    class NeedsKey implements PipelineDefinition<number, number> {
      static readonly pipeline = {
        name: 'needs-key',
        requires: { parameters: [contextKey<string>('ApiKey')] },
      };
      define(builder: PipelineBuilder<number, number>): void {
        builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
      }
    }

    expect(outline(buildPipeline(NeedsKey))).toMatchObject({
      name: 'needs-key',
      edges: ['input → output'],
    });
  });

  test('describes children with the parameters that the configuration would give them', () => {
    class Steps implements PipelineDefinition<number, number> {
      static readonly pipeline = { name: 'steps' };
      define(
        builder: PipelineBuilder<number, number>,
        context: { parameters: { get(key: string): unknown } },
      ): void {
        const wanted = context.parameters.get('steps');
        let last = builder.addTransform((item: number) => item, {
          name: 'step-0',
          from: builder.addCompositeInput(),
        });
        for (let index = 1; index < (typeof wanted === 'number' ? wanted : 1); index += 1) {
          last = builder.addTransform((item: number) => item, { name: `step-${String(index)}`, from: last });
        }
        builder.connect(last, builder.addCompositeOutput());
      }
    }
    const parent = (inheritParentParameters: boolean) =>
      definePipeline('parent', (builder) => {
        const steps = builder.addComposite(Steps, {
          name: 'steps',
          from: builder.addSource([1], 'read'),
          contextConfiguration: { inheritParentParameters },
        });
        builder.connect(
          steps,
          builder.addSink(() => undefined, 'save'),
        );
      });
    const stepsOf = (graph: PipelineGraph): number =>
      graph.childGraphs.get('steps')?.nodes.filter((node) => node.kind === 'transform').length ?? 0;

    expect(stepsOf(buildPipeline(parent(true), { parameters: { steps: 3 } }))).toBe(3);
    expect(stepsOf(buildPipeline(parent(false), { parameters: { steps: 3 } }))).toBe(1);
  });
});

describe('a drawing', () => {
  test('shows children as subgraphs, nested at every level', () => {
    const drawing = buildPipeline(Flights).toMermaid();

    expect(drawing.match(/\bsubgraph\b/g)).toHaveLength(3);
    for (const name of ['read', 'save', 'enrich', 'origin', 'destination', 'look-up']) {
      expect(drawing).toContain(name);
    }
    expect(drawing.match(/\bend\b/g)?.length).toBeGreaterThanOrEqual(3);
  });

  test('does not confuse two nodes of the same name at different levels', () => {
    const Inner = defineStep<number, number>('inner', 'same', (item) => item);
    const Outer = definePipeline('outer', (builder) => {
      const same = builder.addTransform((item: number) => item, {
        name: 'same',
        from: builder.addSource([1], 'read'),
      });
      const one = builder.addComposite(Inner, { name: 'one', from: same });
      const two = builder.addComposite(Inner, { name: 'two', from: one });
      builder.connect(
        two,
        builder.addSink(() => undefined, 'save'),
      );
    });

    const drawn = buildPipeline(Outer)
      .toMermaid()
      .matchAll(/^\s*(\S+?)[[({]+"?same\b/gm);
    const ids = [...drawn].map(([, id]) => id);

    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(3);
  });

  test('survives names that mermaid would misread', () => {
    const drawing = buildPipeline(
      definePipeline('parent', (builder) => {
        const odd = builder.addTransform((item: number) => item, {
          name: 'end "quoted" [brackets] -->',
          from: builder.addSource([1], 'read'),
        });
        builder.connect(
          odd,
          builder.addSink(() => undefined, 'save'),
        );
      }),
    ).toMermaid();

    expect(drawing).not.toContain('end "quoted" [brackets]');
    expect(drawing).toContain('quoted');
  });

  test('in words names every node at every level', () => {
    const words = buildPipeline(Flights).describe();

    for (const name of ['flights', 'read', 'save', 'enrich', 'origin', 'destination', 'look-up']) {
      expect(words).toContain(name);
    }
  });
});

describe('what a builder notes on a node', () => {
  test('is read back from the graph and shown in words', () => {
    const graph = buildPipeline(
      definePipeline('parent', (builder) => {
        const source = builder.addSource([1], 'read');
        builder.setNodeMetadata(source, 'owner', 'harbour office').connect(
          source,
          builder.addSink(() => undefined, 'save'),
        );
      }),
    );

    expect(graph.nodes.find((node) => node.id === 'read')?.metadata).toEqual({ owner: 'harbour office' });
    expect(graph.describe()).toContain('harbour office');
  });
});

describe('names of nodes', () => {
  test('default to the class, numbered from the second on, and to the kind for functions', () => {
    const graph = buildPipeline(
      definePipeline('parent', (builder) => {
        const one = builder.addTransform(Double, { from: builder.addSource(Numbers) });
        const two = builder.addTransform(Double, { from: one });
        const three = builder.addTransform((item: number) => item, { from: two });
        const four = builder.addTransform((item: number) => item, { from: three });
        builder.connect(
          four,
          builder.addSink(() => undefined),
        );
        builder.connect(
          four,
          builder.addSink(() => undefined),
        );
      }),
    );

    expect(graph.nodes.map((node) => node.id)).toEqual([
      'Numbers',
      'Double',
      'Double-2',
      'transform-1',
      'transform-2',
      'sink-1',
      'sink-2',
    ]);
  });

  test('default to the class of the definition for composites', () => {
    class Clean implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
      }
    }
    const graph = buildPipeline(
      definePipeline('parent', (builder) => {
        const one = builder.addComposite(Clean, { from: builder.addSource(Numbers, 'read') });
        const two = builder.addComposite(new Clean(), { from: one });
        builder.connect(two, builder.addSink(Save, 'save'));
      }),
    );

    expect(graph.nodes.map((node) => node.id)).toEqual(['read', 'Clean', 'Clean-2', 'save']);
  });

  test('are what a handle says', () => {
    const builder = new PipelineBuilder();
    const source = builder.addSource(Numbers, 'read');
    const double = builder.addTransform(Double, { from: source });

    expect([source.id, double.id]).toEqual(['read', 'Double']);
  });

  test('are kept as given, spaces and other alphabets included', () => {
    const builder = new PipelineBuilder();

    expect(builder.addSource(Numbers, 'Преобразование 1').id).toBe('Преобразование 1');
  });
});

describe('names across levels, for tools', () => {
  test('are put together and taken apart again', () => {
    const name = CompositeNaming.prefix('enrich', 'look-up');

    expect(name).toBe('enrich::look-up');
    expect(CompositeNaming.isNamespaced(name)).toBe(true);
    expect(CompositeNaming.parentOf(name)).toBe('enrich');
    expect(CompositeNaming.childOf(name)).toBe('look-up');
  });

  test('a plain name has no parent and is its own child', () => {
    expect(CompositeNaming.isNamespaced('look-up')).toBe(false);
    expect(CompositeNaming.parentOf('look-up')).toBeUndefined();
    expect(CompositeNaming.childOf('look-up')).toBe('look-up');
  });
});

describe('names of pipelines', () => {
  test('come from the decorator, from the static property, or from the class', () => {
    @pipeline({ name: 'decorated' })
    class A implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
      }
    }
    class B extends A {
      static readonly pipeline = { name: 'static' };
    }
    class PlainClass extends A {}

    expect(buildPipeline(A).name).toBe('decorated');
    expect(buildPipeline(B).name).toBe('static');
    expect(buildPipeline(PlainClass).name).toBe('PlainClass');
  });
});

describe('the builder', () => {
  test('tells whether two nodes can be connected, and why not', () => {
    const builder = new PipelineBuilder();
    const source = builder.addSource(Numbers, 'read');
    const double = builder.addTransform(Double, 'double');
    const save = builder.addSink(Save, 'save');

    expect(builder.canConnect(source, double)).toEqual({ ok: true });
    builder.connect(source, double);
    const again = builder.canConnect(source, double);
    expect(again.ok).toBe(false);
    expect(again.ok ? '' : again.reason).not.toBe('');
    expect(builder.canConnect(double, double).ok).toBe(false);
    expect(builder.canConnect(double, save)).toEqual({ ok: true });
  });

  test('builds a graph on its own, outside any run', () => {
    const builder = new PipelineBuilder();
    const enrich = builder.addComposite(Enrich, { name: 'enrich', from: builder.addSource(Numbers, 'read') });
    const graph = builder.connect(enrich, builder.addSink(Save, 'save')).build();

    expect(graph.nodes.map((node) => node.id)).toEqual(['read', 'enrich', 'save']);
    expect([...graph.childGraphs.keys()]).toEqual(['enrich']);
    expect([...(graph.childGraphs.get('enrich')?.childGraphs.keys() ?? [])]).toEqual([
      'origin',
      'destination',
    ]);
  });

  test('takes the bridges as nodes like any other', async () => {
    const Bridged = definePipeline<number, number>('bridged', (builder) => {
      const input = builder.addSource(PipelineInputSource<number>, 'input');
      const double = builder.addTransform(Double, { name: 'double', from: input });
      builder.connect(double, builder.addSink(PipelineOutputSink<number>, 'output'));
    });

    expect(buildPipeline(Bridged).nodes.map((node) => node.kind)).toEqual([
      'composite-input',
      'transform',
      'composite-output',
    ]);
    expect(await new PipelineRunner().runItem(Bridged, 21)).toBe(42);
  });

  test('says whether it is valid without throwing', () => {
    const builder = new PipelineBuilder();
    const source = builder.addSource(Numbers, 'read');

    const before = builder.validate();
    expect(before.ok).toBe(false);
    expect(before.errors.map((problem) => problem.code)).toContain('NODE_UNCONNECTED');

    builder.connect(source, builder.addSink(Save, 'save'));
    expect(builder.validate()).toMatchObject({ ok: true, errors: [] });
  });
});
