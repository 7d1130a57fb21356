import { passingRemedy } from '../context/child-inheritance.js';
import { SecretNames } from '../run/secret-names.js';
import { validationProblem } from '../errors/pipeline-validation-error.js';
import type { ValidationProblem } from '../errors/pipeline-validation-error.js';
import { makeGraph } from '../graph/pipeline-graph.js';
import type { PipelineGraph } from '../graph/graph-shape.js';
import { validateGraph } from '../graph/validate-graph.js';
import type { Blueprint, BlueprintNode, CompositeBlueprint, DefinitionSource } from './blueprint.js';
import type { ParameterReads } from './definition-context.js';
import { describeDefinition, factsOf } from './describe-definition.js';
import type { DescribeRequest } from './describe-definition.js';
import type { DraftNode, GraphDraft } from './graph-draft.js';
import { isOneShot } from './node-binding.js';
import { requiredKeys } from './pipeline-metadata.js';

/** A draft with its children described: the blueprint, unless there are problems. */
export interface ClosedDraft {
  readonly blueprint: Blueprint | undefined;
  readonly problems: readonly ValidationProblem[];
  readonly warnings: readonly ValidationProblem[];
}

/** Validates a draft, describes its children, and puts all together. */
export function closeDraft(draft: GraphDraft, request: DescribeRequest, reads: ParameterReads): ClosedDraft {
  const nodes = [...draft.nodes.values()];
  const isChild = request.ancestors.length > 0;
  const problems = [
    ...draft.problems,
    ...validateGraph({ path: draft.path, nodes, edges: draft.edges, isChild }),
  ];
  const children = new Map(nodes.map((node) => [node.id, describeComposite(node, draft.path, request)]));
  for (const child of children.values()) problems.push(...child.problems);
  const warnings = [...children.values()].flatMap(({ composite }) => composite?.child?.warnings ?? []);
  if (isChild) warnings.push(...oneShotWarnings(nodes, draft.path));
  return {
    problems: Object.freeze(problems),
    warnings: Object.freeze(warnings),
    blueprint: problems.length === 0 ? assemble(draft, request, reads, children, warnings) : undefined,
  };
}

interface DescribedChild {
  readonly composite: CompositeBlueprint | undefined;
  readonly problems: readonly ValidationProblem[];
}

function describeComposite(node: DraftNode, parentPath: string, request: DescribeRequest): DescribedChild {
  if (node.composite === undefined) return { composite: undefined, problems: [] };
  const { definition, inheritance, ancestors } = node.composite;
  const path = `${parentPath}/${node.id}`;
  const impossible = treeProblem(definition, ancestors, path, request.environment.maxDepth);
  if (impossible !== undefined) return { composite: undefined, problems: [impossible] };
  const facts = factsOf(definition);
  const requires = requiredKeys(facts.metadata);
  const unmet = requires
    .filter(([kind, name]) => !inheritance.canPass(kind, name))
    .map(([kind, name]) =>
      validationProblem(
        'CONTEXT_REQUIREMENT_UNMET',
        path,
        `'${facts.name}' requires '${name}' in its ${kind}, which this composite does not pass.`,
        passingRemedy(kind, name),
      ),
    );
  const { narrowing } = inheritance;
  const secrets =
    narrowing?.secrets === undefined
      ? request.secrets
      : new SecretNames(narrowing.secrets, narrowing.path, request.secrets);
  const requiredSecrets = facts.metadata.requires?.secrets ?? [];
  unmet.push(...requiredSecrets.flatMap((name) => withheldSecret(facts.name, name, secrets, path)));
  if (unmet.length > 0) return { composite: undefined, problems: unmet };
  const layer = inheritance.parametersLayer(request.layer);
  const described = describeDefinition({
    source: definition,
    facts,
    name: facts.name,
    path,
    ancestors,
    parameters: layer,
    layer,
    secrets,
    environment: request.environment,
  });
  const complete = { ...node.composite, requires, requiredSecrets };
  switch (described.outcome) {
    case 'described':
      return { composite: { ...complete, child: described.blueprint }, problems: [] };
    case 'invalid':
      return { composite: undefined, problems: described.problems };
    case 'waiting':
      if (inheritance.canPass('parameters', described.parameter)) {
        return { composite: { ...complete, child: undefined }, problems: [] };
      }
      return { composite: undefined, problems: [unmetByDefine(path, described.parameter)] };
  }
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

function unmetByDefine(path: string, parameter: string): ValidationProblem {
  return validationProblem(
    'CONTEXT_REQUIREMENT_UNMET',
    path,
    `'define' requires the parameter '${parameter}', which this composite does not pass.`,
    passingRemedy('parameters', parameter),
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

function assemble(
  draft: GraphDraft,
  request: DescribeRequest,
  reads: ParameterReads,
  children: ReadonlyMap<string, DescribedChild>,
  warnings: readonly ValidationProblem[],
): Blueprint {
  const nodes = [...draft.nodes.values()];
  const childGraphs = new Map<string, PipelineGraph>();
  for (const [id, { composite }] of children) {
    if (composite?.child !== undefined) childGraphs.set(id, composite.child.graph);
  }
  const graph = makeGraph(
    request.name,
    nodes.map(({ id, kind, shown, metadata }) =>
      Object.freeze({ id, kind, options: shown, metadata: Object.freeze(Object.fromEntries(metadata)) }),
    ),
    draft.edges,
    childGraphs,
  );
  const blueprintNodes = nodes.map(({ id, kind, isStream, options, binding }): BlueprintNode => ({
    id,
    kind,
    path: `${draft.path}/${id}`,
    isStream,
    options,
    binding,
    composite: children.get(id)?.composite,
  }));
  const requires = requiredKeys(request.facts.metadata);
  return Object.freeze({
    name: request.name,
    path: draft.path,
    graph,
    nodes: blueprintNodes,
    requires,
    requiredSecrets: request.facts.metadata.requires?.secrets ?? [],
    reads,
    warnings,
  });
}

/** A child opens its sources once per item, but an iterator can be opened once only. */
function oneShotWarnings(nodes: readonly DraftNode[], path: string): ValidationProblem[] {
  return nodes
    .filter(({ binding }) => binding !== undefined && isOneShot(binding))
    .map(({ id }) =>
      validationProblem(
        'SOURCE_EXHAUSTED',
        `${path}/${id}`,
        `The source '${id}' is an iterator, which gives its items once, but a sub-pipeline opens it for every item.`,
        'Give a function that makes a new one.',
      ),
    );
}
