import { printableText, wrappedLines } from '../data/printable-text.js';
import { checkArgument, checkOptions, rule } from '../errors/option-rules.js';
import type { LineageHop, LineageRecord } from '../ports/lineage-sink.js';
import type { QueryableLineageSink } from '../ports/queryable-lineage-sink.js';
import { itemTree } from './item-tree.js';
import type { ItemPlace } from './item-tree.js';

/** How the way of an item is told. */
export interface ExplainItemOptions {
  /** The longest line, in characters. Default: the width of the terminal, else 80. */
  readonly width?: number | undefined;
}

/** So many of the items that an item was made of are told, and so many in all. */
const MOST_CONTRIBUTORS = 10;
const MOST_ITEMS = 50;

/** A line is never narrower, however deep items were made of others. */
const LEAST_WIDTH = 40;

/**
 * Tells what became of an item, as text: its way through all levels, where it ended and why, with tries and times, and
 * then the same of the items that it was made of.
 *
 * Times of single nodes are known with `capture: 'all'`. Of an item that ended again in a replay every end is told. An id
 * that the sink does not know gives a text that says so.
 *
 * @param sink anything that can give the history of an item, such as a `MemoryLineageSink`.
 * @throws {@link PipelineError} `OPTION_INVALID`; and what the sink throws.
 *
 * @example
 * {@includeCode ../../examples/api/explain-item.ts}
 */
export async function explainItem(
  sink: Pick<QueryableLineageSink, 'history'>,
  correlationId: string,
  options: ExplainItemOptions = {},
): Promise<string> {
  checkArgument('explainItem', sink, rule.having('history'));
  checkArgument('explainItem', correlationId, rule.text);
  checkOptions('explainItem', options, { width: rule.positiveInteger });
  const { stdout } = process;
  const width = options.width ?? (stdout.isTTY ? stdout.columns : 80);
  const lines = await new ItemStory(sink, Math.max(width, LEAST_WIDTH)).of(correlationId, '');
  return lines.join('\n').trimEnd();
}

/** The lines that tell of one item, and of those it was made of. */
class ItemStory {
  readonly #told = new Set<string>();

  constructor(
    private readonly sink: Pick<QueryableLineageSink, 'history'>,
    private readonly width: number,
  ) {}

  async of(id: string, indent: string): Promise<string[]> {
    this.#told.add(id);
    const records = await this.sink.history(id);
    const title = this.#wrapped(`item ${id}`, indent);
    if (records.length === 0) {
      const reason =
        'The sink has no record of it: it was not sampled, it is still on its way, or it was dropped.';
      return [...title, ...this.#wrapped(reason, `${indent}  `)];
    }
    const ends = records.filter((record) => record.terminal);
    const told = ends.length > 0 ? ends : [onItsWay(records)];
    const ways = told.flatMap((record) => this.#way(record, records, `${indent}  `));
    return [...title, ...ways, ...(await this.#contributors(told, indent))];
  }

  /** How an item ended, and how it came there. */
  #way(record: LineageRecord, records: readonly LineageRecord[], indent: string): string[] {
    const { runId, pipelineVersion, tenantId, key, path } = record;
    const { times, first } = timesIn(records, record);
    const took =
      first === undefined || first === record.at
        ? ''
        : `, ${String(record.at - first)} ms after the first node`;
    const facts = [
      `run ${runId}`,
      ...(pipelineVersion === undefined ? [] : [`version ${pipelineVersion}`]),
      ...(tenantId === undefined ? [] : [`tenant ${tenantId}`]),
      ...(key === undefined ? [] : [`key ${key}`]),
    ];
    const notesOf = (hop: LineageHop): string[] => hopNotes(hop, times.get(hop.path)?.shift(), first);
    const tree = itemTree(record, notesOf, endText(record));
    return [
      ...this.#wrapped(`${endText(record)} at ${path}, ${timeText(record.at)}${took}`, indent),
      ...this.#wrapped(facts.join(', '), indent),
      '',
      ...this.#tree(tree, indent),
      '',
    ];
  }

  #tree(root: ItemPlace, indent: string): string[] {
    const lines = [{ label: root.id, margin: '', notes: root.notes }, ...linesBelow(root, '')];
    const room = this.width - indent.length;
    const labels = Math.min(Math.max(...lines.map(({ label }) => label.length)), Math.floor(room / 2));
    return lines.flatMap(({ label, margin, notes }) => {
      const note = notes.join(', ');
      const line = `${printableText(label).padEnd(labels)}  ${printableText(note)}`.trimEnd();
      if (line.length <= room) return [`${indent}${line}`];
      const shown = label.length > room ? `${label.slice(0, room - 3)}...` : label;
      return [`${indent}${printableText(shown)}`, ...this.#wrapped(note, `${indent}${margin}  `)];
    });
  }

  /** The items that an item was made of, the latest first. */
  async #contributors(ends: readonly LineageRecord[], indent: string): Promise<string[]> {
    const named = [...new Set(ends.flatMap((end) => end.contributors ?? []))];
    const count = Math.max(named.length, ...ends.map((end) => end.contributorCount ?? 0));
    if (count === 0) return [];
    const ids = named.slice(-MOST_CONTRIBUTORS);
    const lines = this.#wrapped(
      `made of ${items(count)}${ids.length < count ? `, of which ${items(ids.length)} here` : ''}`,
      `${indent}  `,
    );
    for (const id of ids) {
      const isTold = this.#told.has(id) || this.#told.size >= MOST_ITEMS;
      lines.push(...(isTold ? this.#wrapped(`item ${id}`, `${indent}  `) : await this.of(id, `${indent}  `)));
    }
    return lines;
  }

  #wrapped(text: string, indent: string): string[] {
    const room = Math.max(this.width - indent.length, LEAST_WIDTH / 2);
    return wrappedLines(printableText(text).replaceAll('\n', ' '), room).map((line) => `${indent}${line}`);
  }
}

/** The way so far of an item that has not ended: its latest record, with the hops of all. */
function onItsWay(records: readonly LineageRecord[]): LineageRecord {
  const [first] = records;
  const latest = records.at(-1) ?? first;
  if (latest === undefined) throw new RangeError('An item on its way has a record.');
  return { ...latest, traversal: records.flatMap((record) => record.traversal) };
}

/** When an item passed each node, by path and in order, in the run of one of its ends. */
function timesIn(records: readonly LineageRecord[], { runId, at }: LineageRecord) {
  const passed = records.filter((record) => !record.terminal && record.runId === runId && record.at <= at);
  const times = new Map<string, number[]>();
  for (const record of passed) times.set(record.path, [...(times.get(record.path) ?? []), record.at]);
  return { times, first: passed[0]?.at };
}

function hopNotes(hop: LineageHop, at: number | undefined, first = at): string[] {
  return [
    ...(at === undefined || first === undefined ? [] : [`+${String(at - first)} ms`]),
    ...(hop.round === undefined ? [] : [`round ${String(hop.round)}`]),
    ...(hop.attempts > 1 ? [`${String(hop.attempts)} tries`] : []),
    ...(hop.outputs > 1 ? [`${items(hop.outputs)} out`] : []),
  ];
}

/** How an item ended, in words. */
function endText({ outcome, error, attempts }: LineageRecord): string {
  const words =
    outcome === 'passed' ? 'not ended, last seen' : outcome === 'deadLettered' ? 'dead-lettered' : outcome;
  const tries = attempts > 1 && error !== undefined ? [`after ${String(attempts)} tries`] : [];
  const why =
    error === undefined
      ? []
      : [`${error.code} (${error.name}${error.message === undefined ? '' : `: ${error.message}`})`];
  return [words, ...why, ...tries].join(' ');
}

const items = (count: number): string => `${String(count)} ${count === 1 ? 'item' : 'items'}`;

function timeText(at: number): string {
  const date = new Date(at);
  return rule.date(date) === undefined ? date.toISOString() : String(at);
}

function linesBelow(place: ItemPlace, indent: string): { label: string; margin: string; notes: string[] }[] {
  return place.below.flatMap((each, index) => {
    const isLast = index === place.below.length - 1;
    const margin = `${indent}${isLast ? '   ' : '│  '}`;
    const label = `${indent}${isLast ? '└─' : '├─'} ${each.id}`;
    return [{ label, margin, notes: each.notes }, ...linesBelow(each, margin)];
  });
}
