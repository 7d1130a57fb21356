import { runOutside } from '../context/ambient-context.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { checkArgument, rule } from '../errors/option-rules.js';
import { checkDrawingOptions } from './drawing-options.js';
import type { DrawingOptions } from './drawing-options.js';
import type { PipelineGraph } from './graph-shape.js';

/**
 * Draws a graph as an SVG picture: its {@link PipelineGraph.toDot}, laid out by Graphviz.
 *
 * Needs the package `@hpcc-js/wasm-graphviz`, which is loaded at the first call: Graphviz as WebAssembly, with nothing
 * to install beside it.
 *
 * @throws {@link PipelineError} `PACKAGE_MISSING` where that package cannot be loaded; `OPTION_INVALID`.
 *
 * @example
 * {@includeCode ../../examples/api/to-svg.ts}
 */
export async function toSvg(graph: PipelineGraph, options: DrawingOptions = {}): Promise<string> {
  checkArgument('toSvg', graph, rule.having('toDot'));
  checkDrawingOptions('toSvg', options);
  const dot = graph.toDot(options);
  // What a package keeps must not keep the run of the first caller.
  const graphviz = await runOutside(loadGraphviz);
  return graphviz.dot(dot);
}

async function loadGraphviz() {
  const { Graphviz } = await import('@hpcc-js/wasm-graphviz').catch((cause: unknown) => {
    throw new PipelineError('PACKAGE_MISSING', {
      problem: "toSvg draws with the package '@hpcc-js/wasm-graphviz', which could not be loaded.",
      remedy:
        'Install it, with npm install @hpcc-js/wasm-graphviz, or draw graph.toDot() with a Graphviz of your own.',
      cause,
    });
  });
  return Graphviz.load();
}
