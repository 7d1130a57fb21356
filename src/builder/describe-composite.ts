import { passingRemedy } from '../context/child-inheritance.js';
import type { ChildInheritance } from '../context/child-inheritance.js';
import type { DictionaryKind } from '../context/dictionary-kind.js';
import type { Layer } from '../context/layer.js';
import { isLinkageKey } from '../context/parent-linkage.js';
import { validationProblem } from '../errors/pipeline-validation-error.js';
import type { ValidationProblem } from '../errors/pipeline-validation-error.js';
import { SecretNames } from '../run/secrets/secret-names.js';
import type { CompositeBlueprint, DefinitionSource } from './blueprint.js';
import { describeDefinition, factsOf } from './describe-definition.js';
import type { Description, DescribeRequest } from './describe-definition.js';
import type { DraftComposite } from './graph-draft.js';
import { neededByText } from './passing-keys.js';
import { requiredKeys, requiredSchemas } from './pipeline-metadata.js';

/** A composite with its child described, or what is wrong with it. */
export interface DescribedChild {
  readonly composite: CompositeBlueprint | undefined;
  readonly problems: readonly ValidationProblem[];
}

/**
 * Describes the child of a composite.
 *
 * @param request the pipeline that the composite stands in.
 * @param layer the parameters that the composite takes from.
 */
export function describeComposite(
  draft: DraftComposite,
  path: string,
  request: DescribeRequest,
  layer: Layer,
): DescribedChild {
  const { definition, inheritance, ancestors } = draft;
  const impossible = treeProblem(definition, ancestors, path, request.environment.maxDepth);
  if (impossible !== undefined) return { composite: undefined, problems: [impossible] };
  const facts = factsOf(definition);
  // The link to the composite is in every child.
  const requires = requiredKeys(facts.metadata).filter(([kind, name]) => !isLinkageKey(kind, name));
  const unmet = requires
    .filter(([kind, name]) => !inheritance.canPass(kind, name))
    .map(([kind, name]) => unmetProblem(path, `'${facts.name}'`, kind, name, inheritance));
  const { narrowing } = inheritance;
  const secrets =
    narrowing?.secrets === undefined
      ? request.secrets
      : new SecretNames(narrowing.secrets, narrowing.path, request.secrets);
  const requiredSecrets = facts.metadata.requires?.secrets ?? [];
  unmet.push(...requiredSecrets.flatMap((name) => withheldSecret(facts.name, name, secrets, path)));
  if (unmet.length > 0) return { composite: undefined, problems: unmet };
  const described = describeDefinition({
    source: definition,
    facts,
    name: facts.name,
    path,
    ancestors,
    parameters: inheritance.parametersLayer(layer),
    reachable: inheritance.parameters.openLayer(layer),
    layerWith: (through) => inheritance.reaching(through).parameters.layerFor(layer),
    secrets,
    environment: request.environment,
  });
  return described.outcome === 'invalid'
    ? { composite: undefined, problems: described.problems }
    : completed(
        { ...draft, requires, requiredSchemas: requiredSchemas(facts.metadata), requiredSecrets },
        path,
        described,
      );
}

function completed(
  draft: Omit<CompositeBlueprint, 'child' | 'passes'>,
  path: string,
  described: Exclude<Description, { outcome: 'invalid' }>,
): DescribedChild {
  const { inheritance } = draft;
  if (described.outcome === 'waiting') {
    const { parameter } = described;
    return inheritance.canPass('parameters', parameter)
      ? { composite: { ...draft, child: undefined, passes: inheritance }, problems: [] }
      : { composite: undefined, problems: [unmetByDefine(path, parameter, inheritance)] };
  }
  const { through } = described.blueprint;
  const passes = inheritance.reaching(through);
  const problems = through
    .filter(({ kind, name, isMandatory }) => isMandatory && !passes.canHandOn(kind, name))
    .map(({ kind, name, neededBy }) => unmetProblem(path, neededByText(neededBy), kind, name, passes));
  return problems.length > 0
    ? { composite: undefined, problems }
    : { composite: { ...draft, child: described.blueprint, passes }, problems };
}

function unmetProblem(
  path: string,
  needing: string,
  kind: DictionaryKind,
  name: string,
  inheritance: ChildInheritance,
): ValidationProblem {
  return validationProblem(
    'CONTEXT_REQUIREMENT_UNMET',
    path,
    `${needing} requires '${name}' in its ${kind}, which this composite does not pass.`,
    inheritance.setsLocally(kind, name)
      ? `'with' gives it under a local key, for this child alone: give it under a key that is not local.`
      : passingRemedy(kind, name, inheritance, true),
  );
}

function withheldSecret(
  pipelineName: string,
  name: string,
  secrets: SecretNames | undefined,
  path: string,
): ValidationProblem[] {
  const narrowedBy = secrets?.narrowedBy(name);
  if (narrowedBy === undefined) return [];
  return [
    validationProblem(
      'SECRET_NOT_FOUND',
      path,
      `'${pipelineName}' requires the secret '${name}', which the composite '${narrowedBy}' does not pass on.`,
      "Add it to that composite's secrets.",
    ),
  ];
}

function unmetByDefine(path: string, parameter: string, inheritance: ChildInheritance): ValidationProblem {
  return validationProblem(
    'CONTEXT_REQUIREMENT_UNMET',
    path,
    `'define' requires the parameter '${parameter}', which this composite does not pass.`,
    passingRemedy('parameters', parameter, inheritance),
  );
}

/** A definition on its own path, or a tree that is too deep. */
function treeProblem(
  definition: DefinitionSource,
  ancestors: readonly DefinitionSource[],
  path: string,
  maxDepth: number,
): ValidationProblem | undefined {
  const seenAt = ancestors.indexOf(definition);
  if (seenAt >= 0) {
    const cycle = [...ancestors.slice(seenAt), definition].map((source) => factsOf(source).name);
    const problem = `A pipeline contains itself: ${cycle.join(' → ')}.`;
    return validationProblem(
      'PIPELINE_CYCLE',
      path,
      problem,
      'Break the cycle, or nest distinct instances, which are bounded in number.',
    );
  }
  if (ancestors.length <= maxDepth) return undefined;
  const problem = `The pipeline is nested more than ${String(maxDepth)} levels deep.`;
  return validationProblem(
    'COMPOSITE_TOO_DEEP',
    path,
    problem,
    "Flatten it, or raise the runner's maxDepth.",
  );
}
