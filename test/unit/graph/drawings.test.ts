import { describe, expect, test } from 'vitest';
import { makeGraph } from '../../../src/graph/pipeline-graph.js';
import type { GraphEdge, GraphNode, PipelineGraph } from '../../../src/graph/graph-shape.js';
import type { NodeKind } from '../../../src/nodes/node-kind.js';

function node(id: string, kind: NodeKind, more: Partial<GraphNode> = {}): GraphNode {
  return { id, kind, options: {}, metadata: {}, ...more };
}

function edge(from: string, to: string): GraphEdge {
  return { from, to };
}

function graphOf(
  name: string,
  nodes: readonly GraphNode[],
  edges: readonly GraphEdge[],
  children: Readonly<Record<string, PipelineGraph>> = {},
): PipelineGraph {
  return makeGraph(name, nodes, edges, new Map(Object.entries(children)));
}

const validation = graphOf(
  'ValidationPipeline',
  [
    node('input', 'composite-input'),
    node('check', 'transform', { options: { concurrency: 4, errorPolicy: 'Busy → retry 3; * → skip' } }),
    node('output', 'composite-output'),
  ],
  [edge('input', 'check'), edge('check', 'output')],
);

const orders = graphOf(
  'orders',
  [
    node('read', 'source'),
    node('validate', 'composite', {
      options: { output: 'optional', contextConfiguration: { inheritParentItems: { pick: ['log'] } } },
      metadata: { owner: 'sales', since: 2024 },
    }),
    node('late', 'composite'),
    node('batch', 'stream-transform'),
    node('save', 'sink'),
    node('audit', 'sink'),
  ],
  [
    edge('read', 'validate'),
    edge('validate', 'late'),
    edge('late', 'batch'),
    edge('batch', 'save'),
    edge('batch', 'audit'),
  ],
  { validate: validation },
);

describe('a graph', () => {
  test('is a frozen value of its own', () => {
    const nodes = [node('a', 'source')];
    const graph = graphOf('g', nodes, []);
    nodes.push(node('b', 'sink'));

    expect(graph.nodes).toHaveLength(1);
    expect([graph, graph.nodes, graph.edges].every((part) => Object.isFrozen(part))).toBe(true);
  });
});

describe('the Mermaid drawing', () => {
  test('shows kinds by shape and children as subgraphs', () => {
    expect(orders.toMermaid()).toBe(
      [
        'flowchart LR',
        '  n0(["read"])',
        '  subgraph n1["validate: ValidationPipeline"]',
        '    n1_0(["input"])',
        '    n1_1["check"]',
        '    n1_2[("output")]',
        '    n1_0 --> n1_1',
        '    n1_1 --> n1_2',
        '  end',
        '  n2[["late"]]',
        '  n3["batch"]',
        '  n4[("save")]',
        '  n5[("audit")]',
        '  n0 --> n1',
        '  n1 --> n2',
        '  n2 --> n3',
        '  n3 --> n4',
        '  n3 --> n5',
      ].join('\n'),
    );
  });

  test('writes the name of a child once where it is the composite’s own', () => {
    const graph = graphOf('g', [node('ValidationPipeline', 'composite')], [], {
      ValidationPipeline: validation,
    });

    expect(graph.toMermaid()).toContain('subgraph n0["ValidationPipeline"]');
  });

  test('escapes what Mermaid would read as its own', () => {
    const graph = graphOf('g', [node('say "hi" <b>&#35;', 'transform')], []);

    expect(graph.toMermaid()).toContain('n0["say #34;hi#34; #60;b#62;#38;#35;35;"]');
  });

  test('takes ids that Mermaid reserves', () => {
    const graph = graphOf('g', [node('end', 'source'), node('graph', 'sink')], [edge('end', 'graph')]);

    expect(graph.toMermaid()).toBe('flowchart LR\n  n0(["end"])\n  n1[("graph")]\n  n0 --> n1');
  });
});

describe('the drawing in DOT', () => {
  test('shows children as clusters; edges of a composite end at the input and output of its child', () => {
    expect(orders.toDot().split('\n').slice(5)).toEqual([
      '  n0 [label="read", style="filled,rounded"]',
      '  subgraph cluster_n1 {',
      '    label="validate: ValidationPipeline\\l"; labeljust=l; style=filled; color="#c3cfdd"; fillcolor="#f3f6fa"',
      '    n1_0 [label="input", style="filled,rounded"]',
      '    n1_1 [label="check"]',
      '    n1_2 [label="output", shape=cylinder]',
      '    n1_0 -> n1_1',
      '    n1_1 -> n1_2',
      '  }',
      '  n2 [label="late", peripheries=2]',
      '  n3 [label="batch"]',
      '  n4 [label="save", shape=cylinder]',
      '  n5 [label="audit", shape=cylinder]',
      '  n0 -> n1_0',
      '  n1_2 -> n2',
      '  n2 -> n3',
      '  n3 -> n4',
      '  n3 -> n5',
      '}',
    ]);
  });

  test('shows the fallback of a composite, which gets what fails anywhere in its child', () => {
    const graph = graphOf('g', [node('validate', 'composite')], [], {
      validate: validation,
      'validate/fallback': validation,
    });

    expect(graph.toDot()).toContain('n0_2 -> n0f0_0 [style=dashed, label=" fails", ltail=cluster_n0]');
  });

  test('escapes what Graphviz would read as its own', () => {
    const graph = graphOf('a "b"', [node('say "hi" \\N &lt;', 'transform')], []);

    expect(graph.toDot()).toContain('digraph "a \\"b\\"" {');
    expect(graph.toDot()).toContain('n0 [label="say \\"hi\\" \\\\N &amp;lt;"]');
  });
});

describe('every drawing', () => {
  const counts = {
    'orders/read': { in: 20_030, out: 20_030 },
    'orders/validate': { in: 20_030, out: 19_997, deadLettered: 33 },
    'orders/validate/check': { counts: { in: 20_030, out: 20_030, failed: 0, retried: 2 } },
    'orders/batch': { in: 19_997, out: 19_997, emitted: 200 },
  };

  test('has the counts of nodes by path, from a snapshot or from a result', () => {
    const dot = orders.toDot({ counts });

    expect(dot).toContain('n0 [label="read\\n20,030 items",');
    expect(dot).toContain('label="validate: ValidationPipeline\\l20,030 → 19,997\\l33 dead-lettered\\l";');
    expect(dot).toContain('n1_1 [label="check\\n20,030 items\\n2 retried"]');
    expect(dot).toContain('n3 [label="batch\\n19,997 items\\n200 emitted"]');
    expect(dot).toContain('n4 [label="save",');

    const mermaid = orders.toMermaid({ counts: { nodes: new Map([['orders/read', { in: 3, out: 3 }]]) } });
    expect(mermaid).toContain('n0(["read<br>3 items"])');
    expect(orders.toMermaid({ counts })).toContain(
      'subgraph n1["validate: ValidationPipeline (20,030 → 19,997; 33 dead-lettered)"]',
    );
  });

  test('goes down a page on request: short pipelines without sub-pipelines are rows', () => {
    const outer = graphOf('outer', [node('orders', 'composite')], [], { orders });

    expect(outer.toMermaid({ direction: 'down' }).split('\n').slice(0, 6)).toEqual([
      'flowchart TB',
      '  subgraph n0["orders"]',
      '    direction TB',
      '    n0_0(["read"])',
      '    subgraph n0_1["validate: ValidationPipeline"]',
      '      direction LR',
    ]);
    const dot = outer.toDot({ direction: 'down' });
    expect(dot).toContain('graph [rankdir=TB, compound=true]');
    expect(dot.match(/rank=same.*/g)).toEqual(['rank=same; n0_1_0; n0_1_1; n0_1_2 }']);
  });

  test('has no control characters, which would end a line or spoil a picture', () => {
    const graph = graphOf('g', [node('a\nb\u0007c', 'source')], []);

    expect(graph.toMermaid()).toContain('n0(["a b\\x07c"])');
    expect(graph.toDot()).toContain('n0 [label="a b\\\\x07c",');
  });

  test('refuses options that it does not know', () => {
    const misspelt = { count: {} } as object;

    for (const draw of [() => orders.toMermaid(misspelt), () => orders.toDot(misspelt)])
      expect(draw).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
    expect(() => orders.toDot({ direction: 'up' as 'down' })).toThrow("'right' or 'down'");
  });
});

describe('the description', () => {
  test('shows nodes with kind, options, metadata and targets, children indented', () => {
    expect(orders.describe()).toBe(
      [
        'orders',
        '├─ read (source) → validate',
        '├─ validate (composite ValidationPipeline) [output=optional] [#owner=sales, #since=2024] inherits items (pick log) → late',
        '│  ├─ input (composite-input) → check',
        '│  ├─ check (transform) [concurrency=4, errorPolicy=Busy → retry 3; * → skip] → output',
        '│  └─ output (composite-output)',
        '├─ late (composite) → batch',
        '├─ batch (stream-transform) → save, audit',
        '├─ save (sink)',
        '└─ audit (sink)',
      ].join('\n'),
    );
  });

  test('indents the children of the last node without a line', () => {
    const graph = graphOf('g', [node('only', 'composite')], [], { only: validation });

    expect(graph.describe().split('\n').slice(1, 3)).toEqual([
      '└─ only (composite ValidationPipeline)',
      '   ├─ input (composite-input) → check',
    ]);
  });

  test('says in words what a child inherits: selections with their keys, and nothing where nothing is on', () => {
    const inheriting = (contextConfiguration: object) =>
      graphOf('g', [node('a', 'composite', { options: { contextConfiguration } })], []).describe();

    expect(
      inheriting({
        inheritParentParameters: { omit: ['secret'], rename: { unit: 'scheduleUnit' } },
        inheritParentItems: true,
        inheritRunIdentity: true,
        inheritLineageSink: false,
      }),
    ).toBe(
      'g\n└─ a (composite) inherits parameters (omit secret; rename unit ← scheduleUnit), items, run identity',
    );
    expect(inheriting({ inheritParentItems: false, inheritRunIdentity: false })).toBe(
      'g\n└─ a (composite) inherits nothing',
    );
  });

  test('prints metadata of every kind, also what JSON does not know', () => {
    const metadata = { none: undefined, list: [1], text: 'a b', big: 10n, on: true };

    expect(graphOf('g', [node('a', 'source', { metadata })], []).describe()).toBe(
      'g\n└─ a (source) [#none=undefined, #list=[1], #text=a b, #big=10, #on=true]',
    );
  });
});
