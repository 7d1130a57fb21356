import { freeze } from 'immer';
import { contextMapOf } from './context-map.js';
import type { PassingNode } from './context-map.js';
import { describeGraph } from './describe-graph.js';
import { dotOf } from './dot.js';
import { drawingOf } from './drawing.js';
import { checkDrawingOptions } from './drawing-options.js';
import type { DrawingOptions } from './drawing-options.js';
import type { GraphEdge, GraphNode, PipelineGraph } from './graph-shape.js';
import { mermaidOf } from './mermaid.js';

/**
 * Freezes the parts of a graph into one.
 *
 * @param passing what the composites among the nodes pass on. Default: nothing is known of it.
 */
export function makeGraph(
  name: string,
  nodes: readonly GraphNode[],
  edges: readonly GraphEdge[],
  childGraphs: ReadonlyMap<string, PipelineGraph>,
  settings: PipelineGraph['settings'] = Object.freeze({}),
  passing: readonly PassingNode[] = [],
): PipelineGraph {
  const graph: PipelineGraph = Object.freeze({
    name,
    settings,
    nodes: Object.freeze([...nodes]),
    edges: Object.freeze([...edges]),
    childGraphs: freeze(new Map(childGraphs)),
    toMermaid: (options: DrawingOptions = {}) => {
      checkDrawingOptions('toMermaid', options);
      return mermaidOf(drawingOf(graph, options), options.direction ?? 'right');
    },
    toDot: (options: DrawingOptions = {}) => {
      checkDrawingOptions('toDot', options);
      return dotOf(drawingOf(graph, options), options.direction ?? 'right');
    },
    contextMap: () => contextMapOf(name, passing),
    describe: () => describeGraph(graph),
  });
  return graph;
}
