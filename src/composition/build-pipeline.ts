import type { DefinitionSource } from '../builder/blueprint.js';
import type { Constructor } from '../nodes/constructor.js';
import type { PipelineDefinition } from '../builder/pipeline-builder.js';
import { PipelineContext, frameOf } from '../context/pipeline-context.js';
import type { PipelineContextOptions } from '../context/pipeline-context-options.js';
import { checkOptions, rule } from '../errors/option-rules.js';
import type { PipelineGraph } from '../graph/graph-shape.js';
import type { NodeContainer } from '../ports/node-container.js';
import { DefinitionEnvironment } from './definition-environment.js';
import { isInstanceOf } from '../data/foreign-value.js';
import { describeRoot } from './describe-root.js';

/** Options of {@link buildPipeline}. */
export interface BuildOptions {
  /** Gives the definitions that are bound in it. */
  readonly container?: NodeContainer | undefined;
}

/**
 * Builds the graph of a pipeline, or of a sub-pipeline, without running it: for drawings, tests and tools.
 *
 * What the definition itself requires of its context is not checked.
 *
 * @throws {@link PipelineValidationError} with every problem found, in children too.
 *
 * @example
 * {@includeCode ../../examples/api/build-pipeline.ts}
 */
export function buildPipeline<TIn, TOut>(
  definition: Constructor<PipelineDefinition<TIn, TOut>> | PipelineDefinition<TIn, TOut>,
  context?: PipelineContext | PipelineContextOptions,
  options: BuildOptions = {},
): PipelineGraph {
  checkOptions('buildPipeline', options, { container: rule.having('isBound', 'get') });
  const source: DefinitionSource = definition;
  const template = isInstanceOf(context, PipelineContext) ? context : new PipelineContext(context);
  const environment = new DefinitionEnvironment(options.container);
  return describeRoot(source, frameOf(template), environment).graph;
}
