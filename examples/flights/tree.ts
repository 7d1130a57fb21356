import type { GraphNode, NodeCounts, PipelineGraph, RunResult } from 'heirline';
import { whole } from '../format/table.js';

const columns = ['in', 'out', 'failed', 'dead letters'] as const;
const columnWidth = 8;
const noteWidth = 'inherits parameters'.length;

/** Draws a graph as a nested tree: the counts of each node, and what the child of each composite inherits. */
export function tree(graph: PipelineGraph, result: RunResult): string {
  const lines = level(graph, graph.name, '', result);
  const width = Math.max(...lines.filter(isNode).map(({ text }) => text.length));
  const counted = lines.map((line) =>
    isNode(line) ? `${line.text.padEnd(width)}${cells(line.counts)}` : line.text,
  );
  const title = `${graph.name.padEnd(width)}${columns.map(cell).join('')}`;
  return [title, ...counted].map((line) => `  ${line.trimEnd()}`).join('\n');
}

interface Line {
  readonly text: string;
}

interface NodeLine extends Line {
  readonly counts: NodeCounts | undefined;
}

function isNode(line: Line): line is NodeLine {
  return 'counts' in line;
}

function level(graph: PipelineGraph, path: string, indent: string, result: RunResult): Line[] {
  return graph.nodes.flatMap((node, index) => {
    const isLast = index === graph.nodes.length - 1;
    const nodePath = `${path}/${node.id}`;
    const counts = result.nodes.get(nodePath);
    const child = graph.childGraphs.get(node.id);
    const label = child === undefined || child.name === node.id ? node.id : `${node.id} (${child.name})`;
    const line = { text: `${indent}${isLast ? '└─' : '├─'} ${label}`, counts };
    if (child === undefined) return [line];
    const below = `${indent}${isLast ? '   ' : '│  '}`;
    const notes = inheritance(node).map((note) => ({ text: `${below}┆  ${note}` }));
    return [line, ...notes, ...level(child, nodePath, below, result)];
  });
}

/** What the child of a composite gets, from the graph alone; a note per kind of thing. */
function inheritance({ options, metadata }: GraphNode): string[] {
  const notes = Object.entries(asRecord(options['contextConfiguration'])).flatMap(([option, value]) => {
    const [, dictionary] = /^inheritParent(.+)$/.exec(option) ?? [];
    if (dictionary === undefined) return value === true ? [] : [['withheld', serviceName(option)]];
    const keys = selected(value);
    return keys === '' ? [] : [[`inherits ${dictionary.toLowerCase()}`, keys]];
  });
  const given = Object.entries(metadata).map(([key, value]) => ['is given', `${key} = ${String(value)}`]);
  return [...notes, ...given].map(([what = '', which = '']) => `${what.padEnd(noteWidth)}  ${which}`);
}

/** 'inheritExecutionObserver' is about the 'execution observer'. */
function serviceName(option: string): string {
  const words = option.replace('inherit', '').replace(/\B[A-Z]/g, (letter) => ` ${letter}`);
  return words.toLowerCase();
}

/** A key selection in words: `tolerance, unit ← scheduleUnit`. */
function selected(selection: unknown): string {
  if (typeof selection === 'boolean') return selection ? '(all)' : '';
  const { required, pick = [], omit = [], rename } = asRecord(selection);
  const renamed = Object.entries(asRecord(rename)).map(([child, parent]) => `${child} ← ${String(parent)}`);
  const omitted = asList(omit).map((key) => `all but ${key}`);
  return [...Object.keys(asRecord(required)), ...asList(pick), ...omitted, ...renamed].join(', ');
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function asList(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function cells(counts: NodeCounts | undefined): string {
  if (counts === undefined) return '';
  return [counts.in, counts.out, counts.failed, counts.deadLettered]
    .map((count, column) => cell(count === 0 && column > 1 ? '' : whole(count), column))
    .join('');
}

function cell(text: string, column: number): string {
  return text.padStart(Math.max(columnWidth, (columns[column]?.length ?? 0) + 2));
}
