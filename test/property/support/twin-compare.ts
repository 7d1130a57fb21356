import type { LineageRecord, NodeCounts } from 'heirline';
import { levelsOf, type TwinLevel } from './twin-graph.js';
import type { Letter, Model } from './twin-model.js';
import type { EventLine, Observed } from './twin-run.js';
import type { TwinItem } from './twin-work.js';

/**
 * How much of a run has one right answer.
 *
 * - `all`: nothing in it overlaps, so that everything has, the order of every event too.
 * - `calm`: branches, lanes or sources go on side by side. The order across them is open, the order within each
 *   way of an item is not, nor is what becomes of any item. Only where a child failed while other work of it was
 *   under way, it is a matter of timing how far that work got: what happened inside of such a child is left out.
 * - `laws`: the whole run failed while other work was under way: what was given up when is a matter of timing,
 *   and which of two failures was the first. The design promises the status, the laws of the counts and one error.
 */
type Exactness = 'all' | 'calm' | 'laws';

function exactnessOf(root: TwinLevel, model: Model): Exactness {
  if (root.lockstep) return 'all';
  return model.failure === undefined ? 'calm' : 'laws';
}

/** What runs of one spec must have in common, whatever their variants. */
export function commonOf(observed: Observed, root: TwinLevel, model: Model): Record<string, unknown> {
  const exactness = exactnessOf(root, model);
  const { status, code, path, nodes, sinks, letters, lives, written } = observed;
  if (exactness === 'laws') return { status };
  const { cut } = model;
  const kept = [...nodes].filter(([key]) => !isInside(key, cut));
  const common = { status, code, path, written };
  if (exactness === 'all') {
    return {
      ...common,
      nodes: Object.fromEntries(kept),
      sinks: Object.fromEntries(sinks),
      letters,
      lives: settledLives(lives, cut),
    };
  }
  return {
    ...common,
    nodes: Object.fromEntries(kept),
    sinks: sinksByWay(sinks, root, cut),
    letters: settledLetters(letters, cut),
    lives: settledLives(lives, cut),
  };
}

/** What a model says of the same, without what it does not follow. */
export function expectedOf(root: TwinLevel, model: Model): Record<string, unknown> {
  const exactness = exactnessOf(root, model);
  const { failure, counts, sinks, letters, lives, cut } = model;
  const status = failure === undefined ? 'succeeded' : 'failed';
  if (exactness === 'laws') return { status };
  return {
    ...{ status, code: failure?.code, path: failure?.path },
    nodes: Object.fromEntries([...counts].filter(([key]) => !isInside(key, cut))),
    sinks: sinksByWay(sinks, root, cut),
    letters: settledLetters(letters, cut),
    lives: settledLives(lives, cut),
  };
}

/** The part of {@link commonOf} that {@link expectedOf} has, too. */
export function modelledOf(observed: Observed, root: TwinLevel, model: Model): Record<string, unknown> {
  const { status, code, path, nodes, sinks, letters, lives } = observed;
  if (exactnessOf(root, model) === 'laws') return { status };
  const kept = [...nodes].filter(([key]) => !isInside(key, model.cut));
  return {
    ...{ status, code, path },
    nodes: Object.fromEntries(kept.map(([key, counts]) => [key, withoutNames(counts)])),
    sinks: sinksByWay(sinks, root, model.cut),
    letters: settledLetters(letters, model.cut),
    lives: settledLives(lives, model.cut),
  };
}

/** The events that runs of one spec must have in common. */
export function commonEvents(events: readonly EventLine[], root: TwinLevel, model: Model): unknown {
  const exactness = exactnessOf(root, model);
  if (exactness === 'laws') return undefined;
  if (exactness === 'all') return events;
  const { cut } = model;
  const byExecution = new Map<number, string[]>();
  for (const { execution, child: _child, error, ...event } of events) {
    // The events of a composite belong to its parent, those of its pipeline to the child.
    const isOfPipeline = event.type.startsWith('pipeline');
    if (isOfPipeline ? isInside(`${event.path}/`, cut) : isInside(event.path, cut)) continue;
    const line = cut.has(event.path) ? event : { ...event, error };
    byExecution.set(execution, [...(byExecution.get(execution) ?? []), JSON.stringify(line)]);
  }
  return [...byExecution.values()].map((lines) => lines.sort()).sort(byText);
}

/** The events of a run that a model has, too, as it writes them; undefined where they are a matter of timing. */
export function modelledEvents(
  events: readonly EventLine[],
  root: TwinLevel,
  model: Model,
): readonly string[] | undefined {
  const lines = events
    .filter(({ type }) => !type.startsWith('node'))
    .map(({ type, path, outcome = '', attempt = '' }) =>
      `${type} ${path} ${outcome} ${attempt}`.replaceAll(/ +/g, ' ').trim(),
    );
  return settledEvents(lines, root, model);
}

/** The events that a model expects. */
export function expectedEvents(root: TwinLevel, model: Model): readonly string[] | undefined {
  return settledEvents(model.events, root, model);
}

function settledEvents(
  lines: readonly string[],
  root: TwinLevel,
  model: Model,
): readonly string[] | undefined {
  const exactness = exactnessOf(root, model);
  if (exactness === 'all') return lines;
  if (exactness === 'laws') return undefined;
  const isOpen = (line: string): boolean => {
    const [type = '', path = ''] = line.split(' ');
    return isInside(type.startsWith('pipeline') ? `${path}/` : path, model.cut);
  };
  return lines.filter((line) => !isOpen(line)).sort();
}

/** The lineage that runs of one spec must have in common. */
export function commonLineage(records: readonly LineageRecord[], root: TwinLevel, model: Model): unknown {
  const exactness = exactnessOf(root, model);
  // A source in a child that failed may have given more items, or fewer, and each has a record.
  if (exactness === 'laws' || model.cut.size > 0) return undefined;
  if (exactness === 'calm')
    return withoutTaken(records)
      .map(({ outcome }) => outcome)
      .sort();
  return records.map(({ correlationId, outcome, path, attempts, terminal, traversal }) => ({
    ...{ correlationId, outcome, path, attempts, terminal },
    traversal: traversal.map((hop) =>
      [hop.path, hop.inputs, hop.outputs, hop.cardinality, hop.attempts].join(' '),
    ),
  }));
}

/**
 * Leaves out items of which a composite has made one other. Whether that is an item of its own or still the same one is a
 * matter of timing: of whether a dead letter named it before the child had ended.
 */
function withoutTaken(records: readonly LineageRecord[]): readonly LineageRecord[] {
  const ids = new Set(records.map(({ correlationId }) => correlationId));
  return records.filter(({ correlationId: id }) => !ids.has(`${id}.1`) || ids.has(`${id}.2`));
}

function settledLives(lives: ReadonlyMap<string, number>, cut: ReadonlySet<string>): unknown {
  return Object.fromEntries([...lives].filter(([key]) => !isInside(key, cut)));
}

function withoutNames({ nodeId: _nodeId, pipelineName: _pipelineName, ...counts }: NodeCounts) {
  return counts;
}

/** Whether a path is that of a node in one of the levels. */
function isInside(path: string, levels: ReadonlySet<string>): boolean {
  return [...levels].some((level) => path.startsWith(`${level}/`));
}

/** What each sink took, by the way that the items went; several lanes take them as they get ready. */
function sinksByWay(
  sinks: ReadonlyMap<string, readonly TwinItem[]>,
  root: TwinLevel,
  cut: ReadonlySet<string>,
): Record<string, Record<string, number[]>> {
  const open = new Set(
    [...levelsOf(root)].flatMap(({ sideBySide, nodes }) =>
      nodes.flatMap((node) =>
        node.kind === 'sink' && (sideBySide || node.step.lanes > 1) ? [node.path] : [],
      ),
    ),
  );
  const taken: Record<string, Record<string, number[]>> = {};
  for (const [path, items] of sinks) {
    if (isInside(path, cut) || items.length === 0) continue;
    const ways: Record<string, number[]> = (taken[path] = {});
    for (const { value, tag } of items) (ways[tag] ??= []).push(value);
    for (const [tag, values] of Object.entries(ways)) {
      if (open.has(path) || isOfChild(tag)) values.sort((one, other) => one - other);
    }
  }
  return taken;
}

/** Items of a source in a child come with those of the parent that start it, whose order can be open. */
function isOfChild(tag: string): boolean {
  return tag.startsWith('c');
}

/** Dead letters in an order of their own; which failure of a cut child was the first is open. */
function settledLetters(letters: readonly Letter[], cut: ReadonlySet<string>): string[] {
  return letters
    .filter(({ decidedAt }) => !isInside(decidedAt, cut))
    .map((letter) =>
      JSON.stringify(cut.has(letter.decidedAt) ? { ...letter, code: '', path: '' } : sorted(letter)),
    )
    .sort();
}

function sorted({ path, decidedAt, code, value, tag, attempts }: Letter): Letter {
  return { path, decidedAt, code, value, tag, attempts };
}

function byText(one: readonly string[], other: readonly string[]): number {
  return one.join() < other.join() ? -1 : 1;
}
