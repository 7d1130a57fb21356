import type { ChildInheritance } from '../context/child-inheritance.js';
import { keyName } from '../context/context-key.js';
import type { Key } from '../context/context-key.js';
import { dictionaryKinds, perDictionary } from '../context/dictionary-kind.js';
import type { DictionaryKind } from '../context/dictionary-kind.js';
import { Reach } from './reach.js';

/** Names that do not pass where all others do, sorted, by dictionary. */
export type KeptBack = Readonly<Partial<Record<DictionaryKind, readonly string[]>>>;

/** The keys that can reach the child of one composite. */
export interface ContextMapRow {
  /** The path of the composite; of a sub-pipeline that is a fallback, `<node>/fallback`. */
  readonly path: string;
  /** Names of parameters, sorted; `'all'` where the child gets also keys that nobody names. */
  readonly parameters: readonly string[] | 'all';
  /** Names of context items, likewise. */
  readonly items: readonly string[] | 'all';
  /** Names of properties, likewise; without the link to the parent, which every child has. */
  readonly properties: readonly string[] | 'all';
  /** Where a dictionary has `'all'`: the names that are kept back all the same. Absent where there are none. */
  readonly except?: KeptBack;
  /** True where `with` is a function of the item, which may give any key. */
  readonly perItem?: true;
  /**
   * A line for each dictionary that has keys, with the names that they had in the root:
   * `parameters: tolerance, unit ← scheduleUnit`.
   */
  toString(): string;
}

/**
 * Which keys can reach which sub-pipeline: what the composites of a graph pass on, taken together down to each child.
 *
 * Keys that a node's code sets while it runs are not in it. A child that is described only when it runs has a row; its
 * own composites have none.
 */
export interface ContextMap {
  /** One row per composite and fallback, at every level, each before those below it. */
  readonly rows: readonly ContextMapRow[];
  /**
   * The paths of the composites whose child can have a key under its name, or the root's entry of the key under
   * another name. Empty where no sub-pipeline gets it.
   *
   * @param dictionary default: any of the three.
   */
  pathsReachedBy(key: Key, dictionary?: DictionaryKind): readonly string[];
  /** The rows as a table, with the names that keys had in the root. */
  toString(): string;
}

/** A node as a graph knows it, with the sub-pipelines below. */
export interface PassingNode {
  readonly id: string;
  /** Undefined for other nodes. */
  readonly composite: PassingComposite | undefined;
  /** The sub-pipelines that get what has failed at the node, each with the last part of its path. */
  readonly fallbacks: readonly { readonly id: string; readonly composite: PassingComposite }[];
}

/** A sub-pipeline, and what passes to it. */
interface PassingComposite {
  readonly passes: ChildInheritance;
  /** Undefined where it is described when it runs. */
  readonly child: { readonly nodes: readonly PassingNode[] } | undefined;
}

type Reaches = Readonly<Record<DictionaryKind, Reach>>;

interface ReachedChild {
  readonly path: string;
  readonly reaches: Reaches;
  readonly perItem: boolean;
}

/** Makes the map of a graph's composites. */
export function contextMapOf(name: string, nodes: readonly PassingNode[]): ContextMap {
  const children = reachedBelow(
    name,
    nodes,
    perDictionary(() => Reach.root),
  );
  return Object.freeze({
    rows: Object.freeze(children.map(rowOf)),
    pathsReachedBy: (key: Key, dictionary?: DictionaryKind) => {
      const kinds = dictionary === undefined ? dictionaryKinds : [dictionary];
      const wanted = keyName(key);
      return children
        .filter(({ reaches }) => kinds.some((kind) => reaches[kind].has(wanted)))
        .map(({ path }) => path);
    },
    toString: () => tableOf(children),
  });
}

function reachedBelow(path: string, nodes: readonly PassingNode[], reaches: Reaches): ReachedChild[] {
  return nodes.flatMap(({ id, composite, fallbacks }) => [
    ...(composite === undefined ? [] : reachedIn(`${path}/${id}`, composite, reaches)),
    ...fallbacks.flatMap((fallback) =>
      reachedIn(`${path}/${id}/${fallback.id}`, fallback.composite, reaches),
    ),
  ]);
}

function reachedIn(path: string, { passes, child }: PassingComposite, reaches: Reaches): ReachedChild[] {
  const below = perDictionary((kind) => reaches[kind].below(passes, kind));
  const reached = perDictionary((kind) => below[kind].child);
  const handedOn = perDictionary((kind) => below[kind].on);
  return [
    { path, reaches: reached, perItem: passes.hasItemValues },
    ...reachedBelow(path, child?.nodes ?? [], handedOn),
  ];
}

function rowOf(reached: ReachedChild): ContextMapRow {
  const { path, reaches, perItem } = reached;
  const missing = dictionaryKinds.filter((kind) => reaches[kind].missing.length > 0);
  const row = {
    path,
    ...perDictionary((kind) => reaches[kind].names),
    ...(missing.length === 0
      ? {}
      : { except: Object.freeze(Object.fromEntries(missing.map((kind) => [kind, reaches[kind].missing]))) }),
    ...(perItem ? { perItem } : {}),
  };
  // Not enumerable: rows compare and print as their fields alone.
  Object.defineProperty(row, 'toString', { value: () => linesOf(reached).join('\n') });
  return Object.freeze(row);
}

function linesOf({ reaches, perItem }: ReachedChild): string[] {
  const lines = dictionaryKinds.map((kind) => [kind, reaches[kind].text] as const);
  return [
    ...lines.filter(([, text]) => text !== '').map(([kind, text]) => `${kind}: ${text}`),
    ...(perItem ? ['more per item'] : []),
  ];
}

function tableOf(children: readonly ReachedChild[]): string {
  const rows = children.map(({ path, reaches, perItem }) => [
    path,
    ...dictionaryKinds.map((kind) => reaches[kind].text || '–'),
    perItem ? 'more per item' : '',
  ]);
  const lines = [['sub-pipeline', ...dictionaryKinds, ''], ...rows];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0))) ?? [];
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
