import type { PipelineGraph } from './graph-shape.js';

/** The sub-pipelines that are fallbacks of a node, each with the last part of its path: `fallback`. */
export function fallbacksOf(
  { childGraphs }: PipelineGraph,
  nodeId: string,
): readonly (readonly [string, PipelineGraph])[] {
  const prefix = `${nodeId}/`;
  return [...childGraphs].flatMap(([path, graph]) =>
    path.startsWith(prefix) ? [[path.slice(prefix.length), graph] as const] : [],
  );
}
