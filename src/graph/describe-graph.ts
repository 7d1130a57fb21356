import { describeValue } from './describe-value.js';
import { EdgeIndex } from './edge-index.js';
import { fallbacksOf } from './fallbacks-of.js';
import type { GraphEdge, GraphNode, PipelineGraph } from './graph-shape.js';
import { requiredText } from './required-text.js';

/** Describes a graph in indented lines: each node with its kind, options, metadata and where its items go. */
export function describeGraph(graph: PipelineGraph): string {
  const settings = describeEntries(graph.settings, '');
  return [[graph.name, ...settings].join(' '), ...describeBranches(branchesOf(graph), '')].join('\n');
}

/** A line with what is indented below. */
interface Branch {
  readonly line: string;
  readonly below: readonly Branch[];
}

function branchesOf(graph: PipelineGraph): readonly Branch[] {
  const connections = new EdgeIndex(graph.edges);
  return graph.nodes.map((node) => {
    const child = graph.childGraphs.get(node.id);
    const fallbacks = fallbacksOf(graph, node.id).map(([id, fallback]) => ({
      line: [id, kindOf('pipeline', id, fallback)].join(' '),
      below: branchesOf(fallback),
    }));
    return {
      line: describeNode(node, child, connections),
      below: [...(child === undefined ? [] : branchesOf(child)), ...fallbacks],
    };
  });
}

function describeBranches(branches: readonly Branch[], indent: string): string[] {
  return branches.flatMap(({ line, below }, index) => {
    const isLast = index === branches.length - 1;
    return [
      `${indent}${isLast ? '└─' : '├─'} ${line}`,
      ...describeBranches(below, `${indent}${isLast ? '   ' : '│  '}`),
    ];
  });
}

/** A kind in brackets, for a sub-pipeline with its name and settings: `(composite Enrich)`. */
function kindOf(kind: string, id: string, child: PipelineGraph | undefined): string {
  const name = child === undefined || child.name === id ? kind : `${kind} ${child.name}`;
  return `(${[name, ...describeEntries(child?.settings ?? {}, '')].join(' ')})`;
}

function describeNode(node: GraphNode, child: PipelineGraph | undefined, connections: EdgeIndex): string {
  const targets = connections.edgesOf(node.id).map(describeEdge);
  return [
    node.id,
    kindOf(node.kind, node.id, child),
    ...describeEntries(withoutConfiguration(node.options), ''),
    ...describeEntries(node.metadata, '#'),
    ...describeInheritance(node.options['contextConfiguration']),
    ...(targets.length === 0 ? [] : [`→ ${targets.join(', ')}`]),
  ].join(' ');
}

/** Where items go, with the output and the input where a node has several: `large: store.left`. */
function describeEdge({ to, output, input }: GraphEdge): string {
  return `${output === undefined ? '' : `${output}: `}${to}${input === undefined ? '' : `.${input}`}`;
}

function describeEntries(entries: Readonly<Record<string, unknown>>, mark: string): string[] {
  const parts = Object.entries(entries).map(([key, value]) => `${mark}${key}=${describeValue(value)}`);
  return parts.length === 0 ? [] : [`[${parts.join(', ')}]`];
}

function withoutConfiguration(options: GraphNode['options']): GraphNode['options'] {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name !== 'contextConfiguration'));
}

/** What a child inherits, in words: `inherits parameters (pick rate), run identity`. */
function describeInheritance(configuration: unknown): string[] {
  if (typeof configuration !== 'object' || configuration === null) return [];
  const inherited = Object.entries(configuration).flatMap(([option, value]: [string, unknown]) => {
    const selection = describeSelection(value);
    return selection === undefined ? [] : [`${wordsOf(option)}${selection}`];
  });
  return [inherited.length === 0 ? 'inherits nothing' : `inherits ${inherited.join(', ')}`];
}

/** The services that a composite keeps back from its child, in words: `execution observer`; none of other nodes. */
export function withheldServices({ options }: GraphNode): string[] {
  const configuration = Object(options['contextConfiguration']) as Readonly<Record<string, unknown>>;
  return Object.entries(configuration)
    .filter(([option, value]) => value === false && !option.startsWith('inheritParent'))
    .map(([option]) => wordsOf(option));
}

/** `inheritParentItems` as `items`, `inheritRunIdentity` as `run identity`. */
function wordsOf(option: string): string {
  return option
    .replace(/^inherit(Parent)?/, '')
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .trim();
}

/** A selection in brackets, empty for all keys, undefined for none. */
function describeSelection(selection: unknown): string | undefined {
  if (typeof selection !== 'object' || selection === null) return selection === false ? undefined : '';
  const parts = Object.entries(selection).flatMap(([part, keys]: [string, unknown]) => {
    if (part === 'required') return requiredText(keys) === '' ? [] : [`required: ${requiredText(keys)}`];
    return [Array.isArray(keys) ? `${part} ${keys.join(' ')}` : `${part} ${describeRenames(keys)}`];
  });
  return parts.length === 0 && 'required' in selection ? undefined : ` (${parts.join('; ')})`;
}

function describeRenames(renames: unknown): string {
  return Object.entries(Object(renames) as Record<string, unknown>)
    .map(([child, parent]) => `${child} ← ${String(parent)}`)
    .join(', ');
}
