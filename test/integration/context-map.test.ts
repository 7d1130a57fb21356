import { describe, expect, test } from 'vitest';
import {
  buildPipeline,
  CompositeContextConfiguration,
  contextKey,
  type ItemCompositeOptions,
  type PipelineBuilder,
  type PipelineDefinition,
  type PipelineGraph,
} from 'heirline';

type Child = new () => PipelineDefinition<number, number>;
type Options = Omit<ItemCompositeOptions<number>, 'name' | 'input' | 'combine' | 'output'>;

const { default: nothing, inheritAll, isolated, required } = CompositeContextConfiguration;

/** A sub-pipeline with composites in a row, each under its name in `children`. */
function subPipeline(
  children: Readonly<Record<string, readonly [Child, Options]>> = {},
  keys: string[] = [],
): Child {
  return class implements PipelineDefinition<number, number> {
    static readonly pipeline = { requires: { items: keys } };
    define(builder: PipelineBuilder<number, number>) {
      let last = builder.addTransform((item: number) => item, {
        name: 'step',
        from: builder.addCompositeInput(),
      });
      for (const [name, [child, options]] of Object.entries(children))
        last = builder.addComposite(child, { ...options, name, from: last });
      builder.connect(last, builder.addCompositeOutput());
    }
  };
}

const Leaf = subPipeline();

/** The graph of a root that runs a sub-pipeline under the name `child`. */
function graphOf(child: Child, options: Options): PipelineGraph {
  class Root {
    define(builder: PipelineBuilder) {
      const from = builder.addComposite(child, { ...options, name: 'child', from: builder.addSource([1]) });
      builder.addSink(() => undefined, { from });
    }
  }
  return buildPipeline(Root);
}

/** What a child may have among its items, under some options of its composite. */
function itemsUnder(options: Options) {
  const [row] = graphOf(Leaf, options).contextMap().rows;
  return row?.items;
}

describe('the context map of a graph', () => {
  test('has a row per composite, at every level, with the names of keys as the child sees them', () => {
    const inheritParentItems = { pick: ['log', 'db'], rename: { unit: 'scheduleUnit' } };
    const Middle = subPipeline({
      inner: [Leaf, { contextConfiguration: { inheritParentItems: { pick: ['db'] } } }],
    });

    const { rows } = graphOf(Middle, { contextConfiguration: { inheritParentItems } }).contextMap();

    expect(rows).toEqual([
      { path: 'Root/child', parameters: [], items: ['db', 'log', 'unit'], properties: [] },
      { path: 'Root/child/inner', parameters: [], items: ['db'], properties: [] },
    ]);
    expect(Object.isFrozen(rows) && rows.every((row) => Object.isFrozen(row))).toBe(true);
  });

  test('says all where a child gets also what nobody names, and what is kept back', () => {
    expect(itemsUnder({ contextConfiguration: inheritAll })).toBe('all');
    const graph = graphOf(Leaf, { contextConfiguration: { inheritParentItems: { omit: ['password'] } } });
    expect(graph.contextMap().rows).toEqual([
      { path: 'Root/child', parameters: [], items: 'all', properties: [], except: { items: ['password'] } },
    ]);
  });

  test('shows what effectively reaches a child: one that inherits all below an isolated one has nothing', () => {
    const Middle = subPipeline({ inner: [Leaf, { contextConfiguration: inheritAll }] });

    for (const contextConfiguration of [isolated, nothing]) {
      const [, inner] = graphOf(Middle, { contextConfiguration }).contextMap().rows;
      expect(inner).toEqual({ path: 'Root/child/inner', parameters: [], items: [], properties: [] });
    }
    const [, inner] = graphOf(Middle, {
      contextConfiguration: { inheritParentItems: { pick: ['log'] } },
    }).contextMap().rows;
    expect(inner?.items).toEqual(['log']);
  });

  test('has the keys that pass by contract, also those for a composite further down', () => {
    const Needs = subPipeline({}, ['ApiKey']);
    const Middle = subPipeline({ inner: [Needs, { contextConfiguration: required }] }, ['log']);

    const { rows } = graphOf(Middle, { contextConfiguration: required }).contextMap();

    expect(rows.map(({ items }) => items)).toEqual([['ApiKey', 'log'], ['ApiKey']]);
  });

  test('has what composites give, a local key for that child alone, and tells where a function gives more', () => {
    const Own = contextKey<number>('own', { local: true });
    const Middle = subPipeline({ inner: [Leaf, { contextConfiguration: inheritAll }] });
    const options: Options = {
      with: {
        items: [
          [Own, 1],
          ['shared', 2],
        ],
      },
    };

    const { rows } = graphOf(Middle, options).contextMap();

    expect(rows.map(({ items }) => items)).toEqual([['own', 'shared'], ['shared']]);
    const [perItem] = graphOf(Leaf, { with: () => ({ items: { any: 1 } }) }).contextMap().rows;
    expect(perItem).toMatchObject({ items: [], perItem: true });
  });

  test('of a sub-pipeline alone begins there', () => {
    const Middle = subPipeline({ inner: [Leaf, { contextConfiguration: inheritAll }] });
    const graph = graphOf(Middle, { contextConfiguration: isolated });

    const own = graph.childGraphs.get('child')?.contextMap().rows;

    expect(own).toMatchObject([{ items: 'all' }]);
  });

  test('is printed as a table, with the names that keys had in the root', () => {
    const inheritParentItems = { pick: ['log'], rename: { unit: 'scheduleUnit' } };
    const inner: Options = {
      contextConfiguration: { inheritParentItems: true },
      with: { parameters: { end: 'origin' } },
    };
    const graph = graphOf(subPipeline({ inner: [Leaf, inner] }), {
      contextConfiguration: { inheritParentItems, inheritParentProperties: { omit: ['trace'] } },
      with: () => undefined,
    });

    expect(String(graph.contextMap()).split('\n')).toEqual([
      'sub-pipeline      parameters   items                     properties',
      'Root/child        –            log, unit ← scheduleUnit  all but trace  more per item',
      'Root/child/inner  end (given)  log, unit ← scheduleUnit  –',
    ]);
    expect(String(graph.contextMap().rows[1]).split('\n')).toEqual([
      'parameters: end (given)',
      'items: log, unit ← scheduleUnit',
    ]);
  });
});

describe('a test that a key never reaches a sub-pipeline', () => {
  const Password = contextKey<string>('password');
  const pathsUnder = (contextConfiguration: Options['contextConfiguration']) =>
    graphOf(subPipeline({ inner: [Leaf, { contextConfiguration: inheritAll }] }), { contextConfiguration })
      .contextMap()
      .pathsReachedBy(Password);

  test('asks for the paths that the key reaches', () => {
    expect(pathsUnder(isolated)).toEqual([]);
    expect(pathsUnder({ inheritParentItems: { omit: [Password] } })).toEqual([]);
    expect(pathsUnder({ inheritParentItems: { pick: ['log'] } })).toEqual([]);
    expect(pathsUnder(inheritAll)).toEqual(['Root/child', 'Root/child/inner']);
  });

  test('finds the key also under another name, and a value that is given under its name', () => {
    expect(pathsUnder({ inheritParentItems: { rename: { token: Password } } })).toHaveLength(2);
    expect(
      graphOf(Leaf, { with: { items: { password: '' } } })
        .contextMap()
        .pathsReachedBy('password'),
    ).toEqual(['Root/child']);
  });

  test('can ask about one dictionary', () => {
    const map = graphOf(Leaf, { contextConfiguration: { inheritParentItems: true } }).contextMap();

    expect(map.pathsReachedBy(Password, 'items')).toEqual(['Root/child']);
    expect(map.pathsReachedBy(Password, 'parameters')).toEqual([]);
  });
});

test('a drawing has the keys that reach each child on request', () => {
  const Middle = subPipeline({ inner: [Leaf, { contextConfiguration: isolated }] });
  const graph = graphOf(Middle, {
    contextConfiguration: { inheritParentItems: { pick: ['log'] } },
    with: { parameters: { end: 1 } },
  });

  expect(graph.toMermaid({ keys: true })).toMatch(/"child: \w+ \(parameters: end \(given\); items: log\)"/);
  expect(graph.toMermaid({ keys: true })).toMatch(/"inner: \w+ \(no keys\)"/);
  expect(graph.toDot({ keys: true })).toMatch(
    /label="child: \w+\\lparameters: end \(given\)\\litems: log\\l"/,
  );
  expect(graph.toMermaid()).not.toContain('log');
});
