import { expect, test } from 'vitest';
import { makeGraph } from '../../../src/graph/pipeline-graph.js';
import type { GraphNode } from '../../../src/graph/graph-shape.js';
import { toSvg } from '../../../src/graph/svg.js';

const read: GraphNode = { id: 'read & "check" <a>\\N', kind: 'source', options: {}, metadata: {} };
const save: GraphNode = { id: 'save', kind: 'sink', options: {}, metadata: {} };
const graph = makeGraph('orders', [read, save], [{ from: read.id, to: save.id }], new Map());

/** The texts of a picture, as a reader sees them. */
function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>(.*?)<\/text>/g)].map(([, text = '']) =>
    text.replace(
      /&(#\d+|\w+);/g,
      (entity) => ({ '&amp;': '&', '&quot;': '"', '&lt;': '<', '&gt;': '>' })[entity] ?? entity,
    ),
  );
}

test('toSvg makes a picture with each name as it is', async () => {
  const svg = await toSvg(graph, { counts: { 'orders/save': { in: 1, out: 1 } } });

  expect(svg).toContain('<svg ');
  expect(textsOf(svg)).toEqual(['read & "check" <a>\\N', 'save', '1 item']);
});

test('toSvg refuses what is no graph, and options that it does not know', async () => {
  await expect(toSvg({} as never)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  await expect(toSvg(graph, { key: true } as never)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
});
