import { printableText, wrappedLines } from '../data/printable-text.js';
import { checkArgument, checkOptions, rule, wrongUse } from '../errors/option-rules.js';
import { exceptionTexts, whole } from '../graph/counts-text.js';
import { withheldServices } from '../graph/describe-graph.js';
import type { GraphNode, PipelineGraph } from '../graph/graph-shape.js';
import type { ErrorRecord } from '../ports/error-record.js';
import type { CostSummary } from '../run/spending/cost-summary.js';
import type { RunResult } from './execution/run-result.js';
import { runTree } from './run-tree.js';
import type { RunTree } from './run-tree.js';

/** How long a node worked and waited, summed over all its executions; a snapshot of metrics has more. */
export interface NodeTimes {
  /** How long the node's calls took, in milliseconds. */
  readonly busyMs?: number | undefined;
  /** How long the node was free and had no input, in milliseconds. */
  readonly waitingMs?: number | undefined;
}

/** What {@link explainRun} tells beside the counts and costs of a run. */
export interface ExplainRunOptions {
  /** The graph of the run's pipeline, to tell what each sub-pipeline inherited. */
  readonly graph?: PipelineGraph | undefined;
  /** The times of nodes by path, such as a snapshot of metrics. */
  readonly metrics?: Readonly<Record<string, NodeTimes>> | undefined;
  /** Whether times are shown; without them the text of equal runs is equal. Default: `true`. */
  readonly times?: boolean | undefined;
  /** The longest line, in characters. Default: the width of the terminal, else 80. */
  readonly width?: number | undefined;
}

const rules = {
  graph: rule.having('contextMap'),
  metrics: rule.object,
  times: rule.boolean,
  width: rule.positiveInteger,
};

/** So many failures are shown. */
const MOST_FAILURES = 5;

/**
 * Tells how a run went, as a tree in text: what passed each node, what it cost, how long it took, and what failed.
 *
 * With the graph it tells also what each sub-pipeline inherited. The counts of a node are summed over all executions of
 * its pipeline.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`, also for the graph of another pipeline.
 *
 * @example
 * {@includeCode ../../examples/api/explain-run.ts}
 */
export function explainRun(result: RunResult, options: ExplainRunOptions = {}): string {
  checkArgument('explainRun', result, resultProblem);
  checkOptions('explainRun', options, rules);
  const { graph } = options;
  if (graph !== undefined && graph.name !== result.pipelineName)
    throw wrongUse('explainRun', `the graph of '${result.pipelineName}', not that of '${graph.name}',`);
  return new RunText(result, options).toString();
}

const resultProblem = (value: unknown): string | undefined =>
  typeof value === 'object' && value !== null && 'nodes' in value && 'context' in value
    ? undefined
    : 'the result of a run, which an error that ended a run has too';

/** A line of the tree before it is laid out. */
interface TreeLine {
  readonly label: string;
  /** What stands in front of notes that belong to the line. */
  readonly margin: string;
  readonly path: string;
}

/** The lines that tell of one run. */
class RunText {
  readonly #result: RunResult;
  readonly #options: ExplainRunOptions;
  readonly #width: number;
  /** What was spent, by path. */
  readonly #costs = new Map<string, CostSummary[]>();
  /** The keys that reach each composite's child, by path, a line per dictionary. */
  readonly #keys: ReadonlyMap<string, string>;
  /** The nodes of the graph, by path. */
  readonly #nodes: ReadonlyMap<string, GraphNode>;

  constructor(result: RunResult, options: ExplainRunOptions) {
    const { stdout } = process;
    this.#result = result;
    this.#options = options;
    this.#width = options.width ?? (stdout.isTTY ? stdout.columns : 80);
    for (const row of result.context.run.cost.total('path')) {
      const path = row.key ?? '';
      this.#costs.set(path, [...(this.#costs.get(path) ?? []), row]);
    }
    const { graph } = options;
    this.#nodes = new Map(graph === undefined ? [] : nodesOf(graph, graph.name));
    const rows = graph?.contextMap().rows ?? [];
    this.#keys = new Map(rows.map((row) => [row.path, String(row) || 'no keys']));
  }

  toString(): string {
    const { pipelineName, nodes, status, durationMs, cost } = this.#result;
    const tree = runTree(pipelineName, nodes);
    const time = this.#hasTimes ? ` in ${durationText(durationMs)}` : '';
    const summary = [`${pipelineName} ${status}${time}`, ...cost.map(costText)].join('; ');
    return [...this.#wrapped(summary, ''), '', ...this.#table(tree), ...this.#ending()].join('\n');
  }

  get #hasTimes(): boolean {
    return this.#options.times !== false;
  }

  /** The columns beside the tree. */
  get #columns(): readonly string[] {
    const { metrics } = this.#options;
    return metrics === undefined || !this.#hasTimes ? ['in', 'out'] : ['in', 'out', 'busy', 'waiting'];
  }

  #table(tree: RunTree): string[] {
    const root: TreeLine = { label: tree.id, margin: '', path: tree.path };
    const lines = [root, ...linesBelow(tree, '')];
    const cells = lines.map((line) => (line === root ? this.#columns : this.#cellsOf(line.path)));
    const labelWidth = Math.max(...lines.map(({ label }) => label.length));
    const widths = this.#columns.map((_, column) =>
      Math.max(...cells.map((row) => row[column]?.length ?? 0)),
    );
    return lines.flatMap((line, index) => {
      const numbers = widths.map((width, column) => (cells[index]?.[column] ?? '').padStart(width + 2));
      return this.#laidOut(line, `${line.label.padEnd(labelWidth)}${numbers.join('')}`);
    });
  }

  #cellsOf(path: string): readonly string[] {
    const counts = this.#result.nodes.get(path);
    const times = this.#options.metrics?.[path];
    const cells = [counts?.in, counts?.out].map((count) => (count === undefined ? '' : whole(count)));
    const durations = [times?.busyMs, times?.waitingMs].map((ms) =>
      ms === undefined ? '' : durationText(ms),
    );
    return [...cells, ...durations];
  }

  /** A line with what is special about the node, beside it where there is room, and below it what its child got. */
  #laidOut({ margin, path }: TreeLine, line: string): string[] {
    const counts = this.#result.nodes.get(path);
    const costs = (this.#costs.get(path) ?? []).map(costText);
    const special = [...(counts === undefined ? [] : exceptionTexts(counts)), ...costs].join(', ');
    // The line of the root holds the titles of the columns.
    const fits = path !== this.#result.pipelineName && line.length + 2 + special.length <= this.#width;
    const node = this.#nodes.get(path);
    const withheld = node === undefined ? [] : withheldServices(node);
    const notes = [
      ...(fits || special === '' ? [] : [special]),
      ...(this.#keys.get(path)?.split('\n') ?? []),
      ...(withheld.length === 0 ? [] : [`withheld: ${withheld.join(', ')}`]),
    ];
    return [
      (fits ? `${line}  ${special}` : line).trimEnd(),
      ...notes.flatMap((note) => this.#wrapped(note, `${margin}┆  `)),
    ].map(printableText);
  }

  /** What failed, and what was left behind. */
  #ending(): string[] {
    const { failures, abandoned } = this.#result;
    const shown = failures.shown.slice(0, MOST_FAILURES);
    const left = failures.total - shown.length;
    return [
      ...(failures.total === 0
        ? []
        : ['', failures.total === 1 ? '1 failure' : `${whole(failures.total)} failures`]),
      ...shown.flatMap((failure) => this.#wrapped(failureText(failure), '  ')),
      ...(left > 0 ? [`  and ${whole(left)} more`] : []),
      ...(abandoned.length === 0 ? [] : ['', 'abandoned, since they did not end in time']),
      ...abandoned.map((path) => `  ${printableText(path)}`),
    ];
  }

  #wrapped(text: string, margin: string): string[] {
    const lines = wrappedLines(printableText(text).replaceAll('\n', ' '), this.#width - margin.length);
    return lines.map((line) => `${margin}${line}`);
  }
}

function linesBelow(tree: RunTree, indent: string): TreeLine[] {
  return [...tree.below.values()].flatMap((each, index) => {
    const isLast = index === tree.below.size - 1;
    const { id, path, pipelineName } = each;
    const name = pipelineName === undefined || pipelineName === id ? id : `${id}: ${pipelineName}`;
    const margin = `${indent}${isLast ? '   ' : '│  '}`;
    return [{ label: `${indent}${isLast ? '└─' : '├─'} ${name}`, margin, path }, ...linesBelow(each, margin)];
  });
}

/** The nodes of a graph and of those below, by path. */
function nodesOf(graph: PipelineGraph, path: string): (readonly [string, GraphNode])[] {
  return [
    ...graph.nodes.map((node) => [`${path}/${node.id}`, node] as const),
    ...[...graph.childGraphs].flatMap(([id, child]) => nodesOf(child, `${path}/${id}`)),
  ];
}

function failureText({ path, code, name, message, cause }: ErrorRecord): string {
  const place = path === undefined ? '' : `${path}: `;
  return cause === undefined
    ? `${place}${code ?? name}: ${message}`
    : `${place}${code ?? name}, ${cause.name}: ${cause.message}`;
}

/** `0.0123 EUR, 3 calls, 1,200 tokens`. */
function costText({ amount, currency, calls, inputTokens, outputTokens }: CostSummary): string {
  const tokens = inputTokens + outputTokens;
  return [
    ...(amount === null || currency === null ? [] : [`${String(amount)} ${currency}`]),
    `${whole(calls)} ${calls === 1 ? 'call' : 'calls'}`,
    ...(tokens === 0 ? [] : [`${whole(tokens)} tokens`]),
  ].join(', ');
}

/** `812 ms`, `1.24 s` or `3 min 5 s`. */
function durationText(ms: number): string {
  if (ms < 999.5) return `${String(Math.round(ms))} ms`;
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`;
  const seconds = Math.round(ms / 1000);
  return `${whole(Math.floor(seconds / 60))} min ${String(seconds % 60)} s`;
}
