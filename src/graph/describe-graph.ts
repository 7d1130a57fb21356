import { describeValue } from './describe-value.js';
import { EdgeIndex } from './edge-index.js';
import type { GraphNode, PipelineGraph } from './graph-shape.js';
import { requiredText } from './required-text.js';

/** Describes a graph in indented lines: each node with its kind, options, metadata and where its items go. */
export function describeGraph(graph: PipelineGraph): string {
  const settings = describeEntries(graph.settings, '');
  return [[graph.name, ...settings].join(' '), ...describeLevel(graph, '')].join('\n');
}

function describeLevel(graph: PipelineGraph, indent: string): string[] {
  const connections = new EdgeIndex(graph.edges);
  return graph.nodes.flatMap((node, index) => {
    const isLast = index === graph.nodes.length - 1;
    const child = graph.childGraphs.get(node.id);
    const line = `${indent}${isLast ? '└─' : '├─'} ${describeNode(node, child, connections)}`;
    return child === undefined
      ? [line]
      : [line, ...describeLevel(child, `${indent}${isLast ? '   ' : '│  '}`)];
  });
}

function describeNode(node: GraphNode, child: PipelineGraph | undefined, connections: EdgeIndex): string {
  const targets = [...connections.targetsOf(node.id)];
  const kind = child === undefined || child.name === node.id ? node.kind : `${node.kind} ${child.name}`;
  return [
    node.id,
    `(${[kind, ...describeEntries(child?.settings ?? {}, '')].join(' ')})`,
    ...describeEntries(withoutConfiguration(node.options), ''),
    ...describeEntries(node.metadata, '#'),
    ...describeInheritance(node.options['contextConfiguration']),
    ...(targets.length === 0 ? [] : [`→ ${targets.join(', ')}`]),
  ].join(' ');
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
