import type { Blueprint, BlueprintNode, CompositeBlueprint } from '../builder/blueprint.js';
import { resolveOptions } from '../builder/option-shapes.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { EdgeIndex } from '../graph/edge-index.js';
import type { GraphEdge } from '../graph/graph-shape.js';
import { makeGraph } from '../graph/pipeline-graph.js';
import type { DeadLetterEnvelope } from '../ports/dead-letter-sink.js';

/** The id of the place where a letter enters a pipeline that takes no items; names of nodes may be the same text. */
const LETTER = '(letter)';

/** Where the item of a letter enters a pipeline. */
export interface LetterEntry {
  /** The node or pipeline that gets the item, from the root of the replay on. */
  readonly path: string;
  /** What replaces the name of the replayed pipeline in paths, so that they are those of the letter. */
  readonly above: string;
  /** The pipelines of the letter that are above the replayed one. */
  readonly namesAbove: readonly string[];
  /** Leaves of a pipeline along the way what the item can reach; gives every other pipeline as it is. */
  readonly cut: (blueprint: Blueprint) => Blueprint;
}

/**
 * Finds where a letter enters a pipeline of this name.
 *
 * @throws {@link PipelineError} `REPLAY_INCOMPATIBLE` when the letter has not come from there.
 */
export function entryOf(letter: DeadLetterEnvelope, name: string, from: 'decision' | 'start'): LetterEntry {
  const steps = letter.decidedAt.split('/');
  const level = letter.pipelineNames.lastIndexOf(name, steps.length - 1);
  if (level < 0)
    throw incompatible(
      letter,
      `did not fail in '${name}', but in ${letter.pipelineNames.filter((each) => each !== '').join(' / ')}`,
    );
  const above = steps.slice(0, level + 1).join('/');
  const inside = steps.slice(level + 1);
  if (inside.length === 0 && letter.mapped === true)
    throw incompatible(letter, `has the item from which the composite's input makes that of '${name}'`);
  const isAtInput = inside.length === 0 || (from === 'start' && level > 0);
  const path = isAtInput || from === 'start' ? name : [name, ...inside].join('/');
  return {
    path,
    above,
    namesAbove: letter.pipelineNames.slice(0, level),
    cut: isAtInput ? asIs : from === 'start' ? atStart(letter) : atNode(letter, path),
  };
}

/** A letter that cannot be run again in this pipeline. */
export function incompatible(
  { id, decidedAt }: Pick<DeadLetterEnvelope, 'id' | 'decidedAt'>,
  why: string,
  remedy = 'Replay it with the pipeline that it comes from or with one around that',
): PipelineError {
  return new PipelineError('REPLAY_INCOMPATIBLE', {
    path: decidedAt,
    problem: `The dead letter '${id}' ${why}.`,
    remedy: `${remedy}, or leave it out with filter. It stays where it is.`,
  });
}

const asIs = (blueprint: Blueprint): Blueprint => blueprint;

/** Puts the letter in the place of the only source. */
function atStart(letter: DeadLetterEnvelope): LetterEntry['cut'] {
  return (blueprint) => {
    const isRoot = !blueprint.path.includes('/');
    if (!isRoot || blueprint.nodes.some(({ kind }) => kind === 'composite-input')) return blueprint;
    const [source, ...others] = blueprint.nodes.filter(({ kind }) => kind === 'source');
    if (source === undefined || others.length > 0)
      throw incompatible(
        letter,
        `cannot enter '${blueprint.name}' at its start, which has more than one source`,
      );
    const targets = [...new EdgeIndex(blueprint.graph.edges).targetsOf(source.id)];
    return reachable(blueprint, targets, undefined);
  };
}

/** Leads the item to the node at a path, through the composites around the node. */
function atNode(letter: DeadLetterEnvelope, path: string): LetterEntry['cut'] {
  const cut = (blueprint: Blueprint): Blueprint => {
    if (!path.startsWith(`${blueprint.path}/`)) return blueprint;
    const [id = '', ...deeper] = path.slice(blueprint.path.length + 1).split('/');
    const node = blueprint.nodes.find((each) => each.id === id);
    if (node === undefined)
      throw incompatible(letter, `failed at '${id}', which '${blueprint.name}' has not`);
    if (deeper.length === 0) return reachable(blueprint, [id], undefined);
    if (node.fallbacks.some((fallback) => fallback.id === deeper[0]))
      throw incompatible(
        letter,
        `failed in a fallback of '${node.path}', which gets only what has failed there`,
      );
    if (node.composite === undefined)
      throw incompatible(letter, `failed inside of '${node.path}', which is no composite now`);
    return reachable(blueprint, [id], {
      ...node,
      composite: cutComposite(letter, node.composite, node.path, cut),
    });
  };
  return cut;
}

/** A composite whose child gets the item at a node inside. */
function cutComposite(
  letter: DeadLetterEnvelope,
  composite: CompositeBlueprint,
  path: string,
  cut: LetterEntry['cut'],
): CompositeBlueprint {
  const { input, combine, valuesOf, child, output } = composite;
  if (input !== undefined || combine !== undefined || valuesOf !== undefined)
    throw incompatible(
      letter,
      `failed inside of '${path}', whose input, combine or with needs the item that the composite had`,
    );
  const cutChild = child && cut(child);
  const hasOutput = cutChild?.nodes.some(({ kind }) => kind === 'composite-output') !== false;
  return {
    ...composite,
    child: cutChild,
    // The item may have given its outputs before it failed.
    output: !hasOutput ? 'many' : output === 'one' ? 'optional' : output,
  };
}

/** The part of a pipeline that items reach which enter at some nodes. */
function reachable(
  blueprint: Blueprint,
  entries: readonly string[],
  instead: BlueprintNode | undefined,
): Blueprint {
  const { graph } = blueprint;
  const connections = new EdgeIndex(graph.edges);
  const reached = new Set(entries);
  // A Set also hands out what is added while it is walked.
  for (const id of reached) for (const target of connections.targetsOf(id)) reached.add(target);
  const input = blueprint.nodes.find(({ kind }) => kind === 'composite-input') ?? letterInput(blueprint);
  const nodes = blueprint.nodes.filter(({ id }) => reached.has(id));
  const edges: GraphEdge[] = [
    ...entries.map((to) => ({ from: input.id, to })),
    ...graph.edges.filter(({ from }) => reached.has(from)),
  ];
  const shown = graph.nodes.filter(({ id }) => reached.has(id));
  const { id, kind } = input;
  return {
    ...blueprint,
    graph: makeGraph(
      graph.name,
      [{ id, kind, options: {}, metadata: {} }, ...shown],
      edges,
      graph.childGraphs,
      graph.settings,
    ),
    nodes: [input, ...nodes.map((node) => (node.id === instead?.id ? instead : node))],
  };
}

function letterInput({ path, nodes }: Blueprint): BlueprintNode {
  let id = LETTER;
  while (nodes.some((node) => node.id === id)) id = `(${id})`;
  return {
    id,
    kind: 'composite-input',
    path: `${path}/${id}`,
    metadata: {},
    isStream: false,
    options: resolveOptions({}),
    binding: undefined,
    composite: undefined,
    fallbacks: [],
  };
}
