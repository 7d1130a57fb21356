import type { Blueprint, DefinitionSource } from '../builder/blueprint.js';
import { definitionClass, describeDefinition, factsOf } from '../builder/describe-definition.js';
import type { DescribeEnvironment } from '../builder/describe-definition.js';
import { readProperty } from '../data/foreign-value.js';
import type { ContextFrame } from '../context/context-frame.js';
import { PipelineValidationError } from '../errors/pipeline-validation-error.js';

/** A pipeline as contexts name it. */
interface NamedPipeline {
  readonly pipelineName: string;
  /** Undefined where its definition says none. */
  readonly pipelineVersion: string | undefined;
}

/** Names by the class of the definition, with what the class had said about itself. */
const names = new WeakMap<object, { readonly said: unknown; readonly named: NamedPipeline }>();

/** The pipeline that a definition describes: looked up once, unless its class says something else now. */
export function namedPipeline(source: DefinitionSource): NamedPipeline {
  const type = definitionClass(source);
  const said = readProperty(type, 'pipeline');
  const known = names.get(type);
  if (known !== undefined && known.said === said) return known.named;
  const { name, metadata } = factsOf(source);
  const named = { pipelineName: name, pipelineVersion: metadata.version };
  names.set(type, { said, named });
  return named;
}

/** The name of the pipeline that a definition describes. */
export function pipelineNameOf(source: DefinitionSource): string {
  return namedPipeline(source).pipelineName;
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
