import type { Blueprint, DefinitionSource } from '../builder/blueprint.js';
import { definitionClass, describeDefinition, factsOf } from '../builder/describe-definition.js';
import type { DescribeEnvironment } from '../builder/describe-definition.js';
import { readProperty } from '../data/foreign-value.js';
import type { ContextFrame } from '../context/context-frame.js';
import { PipelineValidationError } from '../errors/pipeline-validation-error.js';

/** Names by the class of the definition, with what the class had said about itself. */
const names = new WeakMap<object, { readonly said: unknown; readonly name: string }>();

/** The name of the pipeline that a definition describes: looked up once, unless its class says something else now. */
export function pipelineNameOf(source: DefinitionSource): string {
  const type = definitionClass(source);
  const said = readProperty(type, 'pipeline');
  const known = names.get(type);
  if (known !== undefined && known.said === said) return known.name;
  const { name } = factsOf(source);
  names.set(type, { said, name });
  return name;
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
