import type { Blueprint, DefinitionSource } from '../builder/blueprint.js';
import { describeDefinition, factsOf } from '../builder/describe-definition.js';
import type { DescribeEnvironment } from '../builder/describe-definition.js';
import type { ContextFrame } from '../context/context-frame.js';
import { PipelineValidationError } from '../errors/pipeline-validation-error.js';

/** The name of the pipeline that a definition describes. */
export function pipelineNameOf(source: DefinitionSource): string {
  return factsOf(source).name;
}

/**
 * Describes a pipeline and all its children with the parameters of a root context.
 *
 * @throws {@link PipelineError} when `define` fails, and {@link PipelineValidationError} with every other problem.
 */
export function describeRoot(
  source: DefinitionSource,
  frame: ContextFrame,
  environment: DescribeEnvironment,
): Blueprint {
  const facts = factsOf(source);
  const { name } = facts;
  const layer = frame.layer('parameters');
  const described = describeDefinition({
    source,
    facts,
    name,
    path: name,
    ancestors: [],
    parameters: { get: (key) => frame.entry('parameters', key) },
    reachable: layer,
    layerWith: () => layer,
    secrets: undefined,
    environment,
  });
  if (described.outcome === 'described') return described.blueprint;
  throw (
    described.error ??
    new PipelineValidationError(name, described.outcome === 'invalid' ? described.problems : [])
  );
}
