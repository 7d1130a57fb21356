import { validationProblem } from '../errors/pipeline-validation-error.js';
import type { ValidationProblem } from '../errors/pipeline-validation-error.js';
import { isEnd, isStart } from '../nodes/node-kind.js';
import type { NodeKind } from '../nodes/node-kind.js';
import { EdgeIndex } from './edge-index.js';
import type { GraphEdge } from './graph-shape.js';

/** What the rules look at. */
export interface GraphOutline {
  readonly path: string;
  readonly nodes: readonly OutlineNode[];
  readonly edges: readonly GraphEdge[];
  /** Whether the pipeline stands below a composite, which needs an input and an output. */
  readonly isChild: boolean;
  /** Default: none. */
  readonly misfits?: Misfits | undefined;
}

/** A node as the rules see it. */
interface OutlineNode {
  /** What edges call it. */
  readonly id: string;
  readonly kind: NodeKind;
  /** What messages call it, where another node was given the same name. Default: the id. */
  readonly name?: string | undefined;
  /** The outputs of a node that has several, each of which must lead somewhere. */
  readonly outputs?: readonly string[] | undefined;
}

/** Nodes that could not be understood: reported already, so that nodes connected to them are not blamed for it. */
interface Misfits {
  readonly kinds: ReadonlySet<NodeKind>;
  /** The nodes that get items of a misfit. */
  readonly fed: ReadonlySet<string>;
  /** The nodes whose items go to a misfit. */
  readonly drained: ReadonlySet<string>;
}

/** An outline whose edges can be found from both ends. */
interface Shape extends GraphOutline {
  readonly misfits: Misfits;
  readonly index: EdgeIndex;
  readonly byId: ReadonlyMap<string, OutlineNode>;
}

/** Every problem in the shape of one graph. */
export function validateGraph(outline: GraphOutline): ValidationProblem[] {
  const shape: Shape = {
    ...outline,
    misfits: outline.misfits ?? { kinds: new Set(), fed: new Set(), drained: new Set() },
    index: new EdgeIndex(outline.edges),
    byId: new Map(outline.nodes.map((node) => [node.id, node])),
  };
  if (outline.nodes.length === 0 && shape.misfits.kinds.size === 0) {
    const remedy = "Add nodes to the builder in 'define'.";
    return [
      validationProblem('PIPELINE_EMPTY', outline.path, 'The pipeline has no nodes.', remedy),
      ...bridgeProblems(outline),
    ];
  }
  return [
    ...bridgeProblems(outline),
    ...connectionProblems(shape),
    ...cycleProblems(shape),
    ...reachabilityProblems(shape),
    ...sinkProblems(shape),
  ];
}

function connectionProblems({ nodes, index, misfits, path }: Shape): ValidationProblem[] {
  return nodes.flatMap(({ id, kind, name = id, outputs }) => {
    const place = `${path}/${name}`;
    const problems: ValidationProblem[] = [];
    if (!isStart(kind) && index.inputsOf(id) === 0 && !misfits.fed.has(id)) {
      const remedy = `Connect a node to it: builder.connect(..., ${name}), or give it { from }.`;
      problems.push(
        validationProblem(
          'NODE_UNCONNECTED',
          place,
          `Nothing is connected to the ${kind} '${name}'.`,
          remedy,
        ),
      );
    }
    const unused =
      outputs?.filter((output) => index.edgesOf(id).every((edge) => edge.output !== output)) ?? [];
    for (const output of misfits.drained.has(id) ? [] : unused) {
      const remedy = `Connect it: builder.connect(${name}.to[${JSON.stringify(output)}], ...).`;
      const problem = `The output '${output}' of the ${kind} '${name}' goes nowhere; its items would vanish.`;
      problems.push(validationProblem('NODE_UNCONNECTED', place, problem, remedy));
    }
    if (!isEnd(kind) && outputs === undefined && index.edgesOf(id).length === 0 && !misfits.drained.has(id)) {
      const remedy = `Connect it to a sink or another node: builder.connect(${name}, ...).`;
      problems.push(
        validationProblem(
          'NODE_UNCONNECTED',
          place,
          `The output of the ${kind} '${name}' goes nowhere; its items would vanish.`,
          remedy,
        ),
      );
    }
    return problems;
  });
}

function reachabilityProblems({ nodes, index, misfits, path }: Shape): ValidationProblem[] {
  const starts = nodes.filter(({ id, kind }) => isStart(kind) || misfits.fed.has(id));
  const reached = new Set(starts.map(({ id }) => id));
  // A Set is iterated in order of insertion, also over what is added meanwhile.
  for (const id of reached) for (const to of index.targetsOf(id)) reached.add(to);
  return nodes
    .filter(({ id }) => !reached.has(id) && index.inputsOf(id) > 0)
    .map(({ id, kind, name = id }) =>
      validationProblem(
        'NODE_UNREACHABLE',
        `${path}/${name}`,
        `No source leads to the ${kind} '${name}'.`,
        'Connect it below a source, or remove it.',
      ),
    );
}

function sinkProblems({ nodes, path, isChild, misfits }: Shape): ValidationProblem[] {
  if (isChild || misfits.kinds.has('sink') || nodes.some(({ kind }) => isEnd(kind))) return [];
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
function cycleProblems({ nodes, index, byId, path }: Shape): ValidationProblem[] {
  const finished = new Set<string>();
  const problems: ValidationProblem[] = [];
  for (const { id: start } of nodes) {
    const trail = new Set<string>();
    /** The nodes of the trail, each with the targets that are still to be visited. */
    const ways: (readonly [string, Iterator<string>])[] = [];
    const enter = (id: string): void => {
      if (trail.has(id)) {
        // A node that is connected to itself has been reported as that.
        if (ways.at(-1)?.[0] !== id) problems.push(cycleProblem([...trail], id, byId, path));
      } else if (!finished.has(id)) {
        trail.add(id);
        ways.push([id, index.targetsOf(id).values()]);
      }
    };
    enter(start);
    for (let here = ways.at(-1); here !== undefined; here = ways.at(-1)) {
      const [current, left] = here;
      const next = left.next();
      if (next.done !== true) {
        enter(next.value);
        continue;
      }
      trail.delete(current);
      finished.add(current);
      ways.pop();
    }
  }
  return problems;
}

function cycleProblem(
  trail: readonly string[],
  id: string,
  byId: Shape['byId'],
  path: string,
): ValidationProblem {
  const nameOf = (node: string): string => byId.get(node)?.name ?? node;
  const cycle = [...trail.slice(trail.indexOf(id)), id].map(nameOf).join(' → ');
  const remedy = 'Remove one of these connections; a pipeline flows in one direction.';
  return validationProblem(
    'GRAPH_CYCLE',
    `${path}/${nameOf(id)}`,
    `The nodes form a cycle: ${cycle}.`,
    remedy,
  );
}
