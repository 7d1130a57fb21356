import { validationProblem } from '../errors/pipeline-validation-error.js';
import type { ValidationProblem } from '../errors/pipeline-validation-error.js';
import { isEnd, isStart } from '../nodes/node-kind.js';
import type { NodeKind } from '../nodes/node-kind.js';
import type { GraphEdge } from './graph-shape.js';

/** What the rules look at. */
export interface GraphOutline {
  readonly path: string;
  readonly nodes: readonly { readonly id: string; readonly kind: NodeKind }[];
  readonly edges: readonly GraphEdge[];
  /** Whether the pipeline stands below a composite, which needs an input and an output. */
  readonly isChild: boolean;
}

/** Every problem in the shape of one graph. */
export function validateGraph(outline: GraphOutline): ValidationProblem[] {
  if (outline.nodes.length === 0) {
    const remedy = "Add nodes to the builder in 'define'.";
    return [
      validationProblem('PIPELINE_EMPTY', outline.path, 'The pipeline has no nodes.', remedy),
      ...bridgeProblems(outline),
    ];
  }
  return [
    ...bridgeProblems(outline),
    ...connectionProblems(outline),
    ...cycleProblems(outline),
    ...reachabilityProblems(outline),
    ...sinkProblems(outline),
  ];
}

function connectionProblems({ nodes, edges, path }: GraphOutline): ValidationProblem[] {
  const fed = new Set(edges.map(({ to }) => to));
  const drained = new Set(edges.map(({ from }) => from));
  return nodes.flatMap(({ id, kind }) => {
    const place = `${path}/${id}`;
    const problems: ValidationProblem[] = [];
    if (!isStart(kind) && !fed.has(id)) {
      const remedy = `Connect a node to it: builder.connect(..., ${id}), or give it { from }.`;
      problems.push(
        validationProblem('NODE_UNCONNECTED', place, `Nothing is connected to the ${kind} '${id}'.`, remedy),
      );
    }
    if (!isEnd(kind) && !drained.has(id)) {
      const remedy = `Connect it to a sink or another node: builder.connect(${id}, ...).`;
      problems.push(
        validationProblem(
          'NODE_UNCONNECTED',
          place,
          `The output of the ${kind} '${id}' goes nowhere; its items would vanish.`,
          remedy,
        ),
      );
    }
    return problems;
  });
}

function reachabilityProblems({ nodes, edges, path }: GraphOutline): ValidationProblem[] {
  const reached = new Set(nodes.filter(({ kind }) => isStart(kind)).map(({ id }) => id));
  // A Set is iterated in order of insertion, also over what is added meanwhile.
  for (const id of reached) for (const { from, to } of edges) if (from === id) reached.add(to);
  const fed = new Set(edges.map(({ to }) => to));
  return nodes
    .filter(({ id }) => !reached.has(id) && fed.has(id))
    .map(({ id, kind }) =>
      validationProblem(
        'NODE_UNREACHABLE',
        `${path}/${id}`,
        `No source leads to the ${kind} '${id}'.`,
        'Connect it below a source, or remove it.',
      ),
    );
}

function sinkProblems({ nodes, path, isChild }: GraphOutline): ValidationProblem[] {
  if (isChild || nodes.some(({ kind }) => isEnd(kind))) return [];
  const remedy = 'Add one with builder.addSink, or builder.addCompositeOutput in a sub-pipeline.';
  return [validationProblem('SINK_MISSING', path, 'The pipeline has no sink.', remedy)];
}

/** A sub-pipeline has one input and one output; a pipeline with either of them is a sub-pipeline. */
function bridgeProblems({ nodes, path, isChild }: GraphOutline): ValidationProblem[] {
  const inputs = nodes.filter(({ kind }) => kind === 'composite-input').length;
  const outputs = nodes.filter(({ kind }) => kind === 'composite-output').length;
  if (!isChild && inputs === 0 && outputs === 0) return [];
  return [
    ...countProblem(inputs, 'COMPOSITE_INPUT', 'input', 'addCompositeInput()', path),
    ...countProblem(outputs, 'COMPOSITE_OUTPUT', 'output', 'addCompositeOutput()', path),
  ];
}

function countProblem(
  count: number,
  group: 'COMPOSITE_INPUT' | 'COMPOSITE_OUTPUT',
  word: string,
  call: string,
  path: string,
): ValidationProblem[] {
  if (count === 1) return [];
  if (count === 0) {
    return [
      validationProblem(
        `${group}_MISSING`,
        path,
        `The sub-pipeline has no composite ${word}.`,
        `Add one with builder.${call}.`,
      ),
    ];
  }
  return [
    validationProblem(
      `${group}_DUPLICATE`,
      path,
      `The sub-pipeline has ${String(count)} composite ${word}s.`,
      `Keep one builder.${call}; connect several nodes to it instead.`,
    ),
  ];
}

/** One problem for each way that leads back to where it was, spelled out; without recursion, however long the chain. */
function cycleProblems({ nodes, edges, path }: GraphOutline): ValidationProblem[] {
  const targets = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
  for (const { from, to } of edges) if (from !== to) targets.get(from)?.push(to);
  const finished = new Set<string>();
  const problems: ValidationProblem[] = [];
  /** The nodes from the start to here, each with the targets that are still to be visited. */
  const trail = new Map<string, string[]>();
  const enter = (id: string): void => {
    if (trail.has(id)) problems.push(cycleProblem([...trail.keys()], id, path));
    else if (!finished.has(id)) trail.set(id, [...(targets.get(id) ?? [])]);
  };
  for (const { id } of nodes) {
    enter(id);
    const ways: [string, string[]][] = [...trail];
    for (let here = ways.at(-1); here !== undefined; here = ways.at(-1)) {
      const [current, left] = here;
      const next = left.shift();
      if (next === undefined) {
        trail.delete(current);
        finished.add(current);
        ways.pop();
        continue;
      }
      const depth = trail.size;
      enter(next);
      const entered = trail.size > depth ? trail.get(next) : undefined;
      if (entered !== undefined) ways.push([next, entered]);
    }
  }
  return problems;
}

function cycleProblem(trail: readonly string[], id: string, path: string): ValidationProblem {
  const cycle = [...trail.slice(trail.indexOf(id)), id].join(' → ');
  const remedy = 'Remove one of these connections; a pipeline flows in one direction.';
  return validationProblem('GRAPH_CYCLE', `${path}/${id}`, `The nodes form a cycle: ${cycle}.`, remedy);
}
