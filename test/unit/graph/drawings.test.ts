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
