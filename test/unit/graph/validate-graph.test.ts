import { describe, expect, test } from 'vitest';
import { validateGraph } from '../../../src/graph/validate-graph.js';
import type { GraphOutline } from '../../../src/graph/validate-graph.js';
import type { NodeKind } from '../../../src/nodes/node-kind.js';

/** A graph of nodes with their kinds, and edges written `a>b`. */
function outline(nodes: Record<string, NodeKind>, edges: readonly string[], isChild = false): GraphOutline {
  return {
    path: 'root',
    nodes: Object.entries(nodes).map(([id, kind]) => ({ id, kind })),
    edges: edges.map((edge) => {
      const [from = '', to = ''] = edge.split('>');
      return { from, to };
    }),
    isChild,
  };
}

/** The problems of a graph, as `CODE path`. */
function problems(nodes: Record<string, NodeKind>, edges: readonly string[], isChild = false): string[] {
  return validateGraph(outline(nodes, edges, isChild)).map(({ code, path }) => `${code} ${path}`);
}

function messages(nodes: Record<string, NodeKind>, edges: readonly string[], isChild = false): string[] {
  return validateGraph(outline(nodes, edges, isChild)).map(({ message }) => message);
}

describe('a right graph', () => {
  test('has sources that lead to sinks, in branches and joins too', () => {
    expect(problems({ in: 'source', out: 'sink' }, ['in>out'])).toEqual([]);
    expect(
      problems(
        {
          a: 'source',
          b: 'source',
          t: 'transform',
          u: 'stream-transform',
          c: 'composite',
          out: 'sink',
          log: 'sink',
        },
        ['a>t', 'b>t', 't>u', 't>c', 'u>out', 'c>out', 'c>log'],
      ),
    ).toEqual([]);
  });

  test('of a child has one input and one output', () => {
    expect(problems({ in: 'composite-input', out: 'composite-output' }, ['in>out'], true)).toEqual([]);
  });
});

describe('an empty pipeline', () => {
  test('has no nodes to speak of', () => {
    expect(problems({}, [])).toEqual(['PIPELINE_EMPTY root']);
  });

  test('below a composite lacks input and output too', () => {
    expect(problems({}, [], true)).toEqual([
      'PIPELINE_EMPTY root',
      'COMPOSITE_INPUT_MISSING root',
      'COMPOSITE_OUTPUT_MISSING root',
    ]);
  });
});

describe('connections', () => {
  test('a node without input is named, with how to connect it', () => {
    const [message] = messages({ in: 'source', log: 'sink', out: 'sink' }, ['in>out']);

    expect(message).toBe(
      "root/log: Nothing is connected to the sink 'log'. Connect a node to it: builder.connect(..., log), or give it { from }. (docs/errors.md#node_unconnected)",
    );
  });

  test('a node whose output goes nowhere is named: its items would vanish', () => {
    const [message] = messages({ in: 'source', t: 'transform', out: 'sink' }, ['in>t', 'in>out']);

    expect(message).toContain("The output of the transform 't' goes nowhere; its items would vanish.");
  });

  test('a node with neither is named for both', () => {
    expect(problems({ in: 'source', out: 'sink', t: 'transform' }, ['in>out'])).toEqual([
      'NODE_UNCONNECTED root/t',
      'NODE_UNCONNECTED root/t',
    ]);
  });

  test('a source that leads nowhere is named', () => {
    expect(problems({ in: 'source', spare: 'source', out: 'sink' }, ['in>out'])).toEqual([
      'NODE_UNCONNECTED root/spare',
    ]);
  });
});

describe('reachability', () => {
  test('a node below nodes that no source feeds is unreachable, the first one is unconnected', () => {
    expect(
      problems({ in: 'source', out: 'sink', a: 'transform', b: 'transform', log: 'sink' }, [
        'in>out',
        'a>b',
        'b>log',
      ]),
    ).toEqual(['NODE_UNCONNECTED root/a', 'NODE_UNREACHABLE root/b', 'NODE_UNREACHABLE root/log']);
  });

  test('does not depend on the order of nodes and edges', () => {
    expect(
      problems({ out: 'sink', b: 'transform', a: 'transform', in: 'source' }, ['b>out', 'a>b', 'in>a']),
    ).toEqual([]);
  });
});

describe('cycles', () => {
  test('are spelled out once', () => {
    const [message, ...more] = messages({ in: 'source', a: 'transform', b: 'transform', out: 'sink' }, [
      'in>a',
      'a>b',
      'b>a',
      'b>out',
    ]);

    expect(message).toContain('The nodes form a cycle: a → b → a.');
    expect(more).toEqual([]);
  });

  test('are found one by one', () => {
    expect(
      problems(
        { in: 'source', a: 'transform', b: 'transform', c: 'transform', d: 'transform', out: 'sink' },
        ['in>a', 'a>b', 'b>a', 'b>c', 'c>d', 'd>c', 'd>out'],
      ),
    ).toEqual(['GRAPH_CYCLE root/a', 'GRAPH_CYCLE root/c']);
  });

  test('are not seen where two ways only meet again', () => {
    expect(
      problems({ in: 'source', a: 'transform', b: 'transform', out: 'sink' }, [
        'in>a',
        'in>b',
        'a>out',
        'b>out',
      ]),
    ).toEqual([]);
  });

  test('in a part that no source feeds are found too', () => {
    expect(
      problems({ in: 'source', out: 'sink', a: 'transform', b: 'transform' }, ['in>out', 'a>b', 'b>a']),
    ).toEqual(['GRAPH_CYCLE root/a', 'NODE_UNREACHABLE root/a', 'NODE_UNREACHABLE root/b']);
  });

  test('are found also in a chain of thousands of nodes', () => {
    const count = 5000;
    const nodes = Object.fromEntries(
      Array.from({ length: count }, (_, n) => [`t${String(n)}`, 'transform' as const]),
    );
    const edges = Array.from({ length: count }, (_, n) => `t${String(n)}>t${String((n + 1) % count)}`);

    expect(problems({ in: 'source', out: 'sink', ...nodes }, ['in>t0', 't0>out', ...edges])).toEqual([
      'GRAPH_CYCLE root/t0',
    ]);
  });
});

describe('sinks', () => {
  test('a root needs one', () => {
    expect(problems({ in: 'source', t: 'transform' }, ['in>t'])).toEqual([
      'NODE_UNCONNECTED root/t',
      'SINK_MISSING root',
    ]);
  });
});

describe('input and output of a sub-pipeline', () => {
  test('are missing in a child that has none', () => {
    expect(problems({ in: 'source', out: 'sink' }, ['in>out'], true)).toEqual([
      'COMPOSITE_INPUT_MISSING root',
      'COMPOSITE_OUTPUT_MISSING root',
    ]);
  });

  test('belong together, also where the pipeline stands alone', () => {
    expect(problems({ in: 'composite-input', out: 'sink' }, ['in>out'])).toEqual([
      'COMPOSITE_OUTPUT_MISSING root',
    ]);
    expect(problems({ in: 'source', out: 'composite-output' }, ['in>out'])).toEqual([
      'COMPOSITE_INPUT_MISSING root',
    ]);
  });

  test('are there once each', () => {
    const two: Record<string, NodeKind> = {
      a: 'composite-input',
      b: 'composite-input',
      x: 'composite-output',
      y: 'composite-output',
    };
    expect(problems(two, ['a>x', 'b>y'])).toEqual([
      'COMPOSITE_INPUT_DUPLICATE root',
      'COMPOSITE_OUTPUT_DUPLICATE root',
    ]);
    expect(messages(two, ['a>x', 'b>y'])[0]).toContain('The sub-pipeline has 2 composite inputs.');
  });
});
