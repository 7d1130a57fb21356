import type { PassingKey } from '../context/child-contract.js';
import { EMPTY_LAYER } from '../context/layer.js';
import type { Layer } from '../context/layer.js';
import { validationProblem } from '../errors/pipeline-validation-error.js';
import type { ValidationProblem } from '../errors/pipeline-validation-error.js';
import { makeGraph } from '../graph/pipeline-graph.js';
import type { PipelineGraph } from '../graph/graph-shape.js';
import { validateGraph } from '../graph/validate-graph.js';
import type { GraphOutline } from '../graph/validate-graph.js';
import type { Blueprint, BlueprintNode } from './blueprint.js';
import type { ParameterReads } from './definition-context.js';
import { describeComposite } from './describe-composite.js';
import type { DescribedChild } from './describe-composite.js';
import type { DescribeRequest } from './describe-definition.js';
import type { DraftNode, GraphDraft } from './graph-draft.js';
import { isOneShot } from './node-binding.js';
import { passingKeys } from './passing-keys.js';
import { requiredKeys, requiredSchemas } from './pipeline-metadata.js';
import { configurationData, settingsShown } from './shown-options.js';

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
  const outline: GraphOutline = {
    path: draft.path,
    nodes: [...draft.nodes].map(([id, { kind, id: name, outputs }]) => ({ id, kind, name, outputs })),
    edges: draft.edges,
    isChild,
    misfits: draft.misfits,
  };
  const children = describeChildren(nodes, draft.path, request);
  const fallbacks = describeFallbacks(nodes, draft.path, request);
  const described = [...children.values(), ...[...fallbacks.values()].flat()];
  const problems = [
    ...draft.problems,
    ...validateGraph(outline),
    ...described.flatMap((child) => child.problems),
    ...nodes.flatMap((node) => namesakes(node, children.get(node), draft.path)),
  ];
  const warnings = [
    ...described.flatMap(({ composite }) => composite?.child?.warnings ?? []),
    ...(isChild ? oneShotWarnings(nodes, draft.path) : []),
  ];
  return {
    problems: Object.freeze(problems),
    warnings: Object.freeze(warnings),
    blueprint:
      problems.length === 0 ? assemble(draft, request, reads, { children, fallbacks }, warnings) : undefined,
  };
}

/** A fallback with its sub-pipeline described. */
interface DescribedFallback extends DescribedChild {
  readonly id: string;
}

/** The sub-pipelines below the nodes of a pipeline. */
interface DescribedNodes {
  readonly children: ReadonlyMap<DraftNode, DescribedChild>;
  readonly fallbacks: ReadonlyMap<DraftNode, readonly DescribedFallback[]>;
}

/** Describes the fallbacks: of the parameters they get what a child of the default configuration gets, none. */
function describeFallbacks(
  nodes: readonly DraftNode[],
  path: string,
  request: DescribeRequest,
): DescribedNodes['fallbacks'] {
  return new Map(
    nodes.map((node) => [
      node,
      node.fallbacks.map(({ id, composite }) => ({
        id,
        ...describeComposite(composite, `${path}/${node.id}/${id}`, request, EMPTY_LAYER),
      })),
    ]),
  );
}

/** Nodes of a composite's child that have the path of a fallback of the composite. */
function namesakes(
  { id, fallbacks }: DraftNode,
  child: DescribedChild | undefined,
  path: string,
): ValidationProblem[] {
  const names = child?.composite?.child?.nodes.map((node) => node.id) ?? [];
  return fallbacks
    .filter((fallback) => names.includes(fallback.id))
    .map((fallback) =>
      validationProblem(
        'DUPLICATE_NODE',
        `${path}/${id}/${fallback.id}`,
        `A node of '${id}' is called '${fallback.id}', as is the fallback of '${id}'.`,
        'Give the node another name.',
      ),
    );
}

/** Describes the children, first those that decide by what they require which keys reach the others. */
function describeChildren(
  nodes: readonly DraftNode[],
  path: string,
  request: DescribeRequest,
): ReadonlyMap<DraftNode, DescribedChild> {
  const described = new Map<DraftNode, DescribedChild>();
  const describe = (byContract: boolean, layer: () => Layer): void => {
    for (const node of nodes) {
      const { id, composite } = node;
      if (composite === undefined || composite.inheritance.parameters.isByContract !== byContract) continue;
      described.set(node, describeComposite(composite, `${path}/${id}`, request, layer()));
    }
  };
  describe(true, () => request.reachable);
  const through = throughOf(path, described);
  describe(false, () => request.layerWith(through));
  // Problems are told in the order of the definition.
  return new Map(
    nodes.map((node) => [node, described.get(node) ?? { composite: undefined, problems: [] }] as const),
  );
}

/** The keys that pass through a pipeline with these composites. */
function throughOf(path: string, children: ReadonlyMap<DraftNode, DescribedChild>): readonly PassingKey[] {
  return passingKeys(
    [...children].flatMap(([{ id }, { composite }]) =>
      composite === undefined
        ? []
        : [{ path: `${path}/${id}`, composite, through: composite.child?.through ?? [] }],
    ),
  );
}

function assemble(
  draft: GraphDraft,
  request: DescribeRequest,
  reads: ParameterReads,
  { children, fallbacks }: DescribedNodes,
  warnings: readonly ValidationProblem[],
): Blueprint {
  const nodes = [...draft.nodes.values()];
  const childGraphs = new Map<string, PipelineGraph>();
  for (const [{ id }, { composite }] of children) {
    if (composite?.child !== undefined) childGraphs.set(id, composite.child.graph);
  }
  const metadata = new Map(nodes.map((node) => [node, Object.freeze(Object.fromEntries(node.metadata))]));
  for (const [{ id }, described] of fallbacks) {
    for (const { id: fallback, composite } of described)
      if (composite?.child !== undefined) childGraphs.set(`${id}/${fallback}`, composite.child.graph);
  }
  const blueprintNodes = nodes.map((node): BlueprintNode => ({
    id: node.id,
    kind: node.kind,
    path: `${draft.path}/${node.id}`,
    metadata: metadata.get(node) ?? {},
    isStream: node.isStream,
    options: node.options,
    binding: node.binding,
    composite: children.get(node)?.composite,
    fallbacks: (fallbacks.get(node) ?? []).flatMap(({ id, composite }) =>
      composite === undefined ? [] : [{ id, path: `${draft.path}/${node.id}/${id}`, composite }],
    ),
  }));
  const graph = makeGraph(
    request.name,
    nodes.map((node) =>
      Object.freeze({
        id: node.id,
        kind: node.kind,
        options: optionsShown(node, children.get(node)),
        metadata: metadata.get(node) ?? {},
      }),
    ),
    draft.edges,
    childGraphs,
    settingsShown(draft.settings),
    blueprintNodes,
  );
  const requires = requiredKeys(request.facts.metadata);
  return Object.freeze({
    name: request.name,
    path: draft.path,
    graph,
    nodes: blueprintNodes,
    settings: Object.freeze({ ...draft.settings }),
    requires,
    requiredSchemas: requiredSchemas(request.facts.metadata),
    requiredSecrets: request.facts.metadata.requires?.secrets ?? [],
    through: throughOf(draft.path, children),
    reads,
    warnings,
  });
}

/** A node's options as data; what a child inherits is known in full once the child is described. */
function optionsShown(
  { shown, composite: draft }: DraftNode,
  described: DescribedChild | undefined,
): Readonly<Record<string, unknown>> {
  const passes = described?.composite?.passes;
  return passes === undefined || passes === draft?.inheritance
    ? shown
    : Object.freeze({ ...shown, contextConfiguration: configurationData(passes) });
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
