import type { LineageHop, LineageRecord } from '../ports/lineage-sink.js';

/** A place on the way of an item: a node, or a composite with the way through its child. */
export interface ItemPlace {
  readonly id: string;
  readonly path: string;
  /** What is told beside the place. */
  readonly notes: string[];
  /** Whether only places below it were named so far. */
  isImplied: boolean;
  readonly below: ItemPlace[];
}

/** So many hops are told, the first and the latest of a way. */
const MOST_HOPS = 200;

/**
 * The way of an item as a tree: each place stands under its composite, in the order in which the item came to it.
 *
 * @param notesOf what is told of a hop.
 * @param end what is told where the item ended.
 */
export function itemTree(
  { path, traversal, hopsLost = 0 }: LineageRecord,
  notesOf: (hop: LineageHop) => string[],
  end: string,
): ItemPlace {
  const [name = ''] = path.split('/');
  const root: ItemPlace = { id: name, path: name, notes: [], isImplied: false, below: [] };
  const half = Math.floor(Math.min(traversal.length, MOST_HOPS) / 2);
  const leftOut = hopsLost + Math.max(0, traversal.length - MOST_HOPS);
  const pass = (hop: LineageHop): void => {
    const place = placeAt(root, hop.path, true);
    place.isImplied = false;
    place.notes.push(...notesOf(hop));
  };
  if (leftOut === 0) traversal.forEach(pass);
  else {
    traversal.slice(0, half).forEach(pass);
    const id = `... ${String(leftOut)} hops left out`;
    root.below.push({ id, path: '', notes: [], isImplied: false, below: [] });
    traversal.slice(-half).forEach(pass);
  }
  placeAt(root, path, false).notes.push(end);
  return root;
}

/** The latest place with a path, made where it is not there, or, for one that is passed, where it was passed before. */
function placeAt(root: ItemPlace, path: string, isPassed: boolean): ItemPlace {
  const ids = path.split('/').slice(1);
  let place = root;
  for (const [level, id] of ids.entries()) {
    const latest = place.below.at(-1);
    const isNew = latest?.id !== id || (isPassed && level === ids.length - 1 && !latest.isImplied);
    const next = isNew ? { id, path: `${place.path}/${id}`, notes: [], isImplied: true, below: [] } : latest;
    if (isNew) place.below.push(next);
    place = next;
  }
  return place;
}
