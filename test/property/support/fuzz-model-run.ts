import { noCounts, type Counts } from './counts.js';
import type { Item, Program, Source, Work } from './fuzz-program.js';

/** How something ended, and where. */
export interface ModelFailure {
  readonly code: string;
  readonly path: string;
}

/** A dead letter, and what is told once it has left. */
interface ModelLetter {
  readonly text: string;
  readonly event: string;
}

/** What a run of a program comes to, as the model has it. */
export class ModelRun {
  readonly counts = new Map<string, Counts>();
  /** How often the user's code at a path was called. */
  readonly calls = new Map<string, number>();
  /** The items that each sink got. */
  readonly sinks = new Map<string, Item[]>();
  readonly outputs: Item[] = [];
  /** How often each event came, by its type, path and outcome. */
  readonly events = new Map<string, number>();
  /** How often each class was constructed, by path. */
  readonly constructed = new Map<string, number>();
  readonly flushed = new Map<string, number>();
  /** The nodes whose counts the rules leave open. */
  readonly openCounts = new Set<string>();
  disposers = 0;
  isCancelled = false;
  failure: ModelFailure | undefined;
  /** Whether a source waits for ever: only a cancel ends the run. */
  waits = false;
  /** Why the outcome is not determined, if it is not. */
  readonly doubts = new Set<string>();
  /** The sinks that take several items at once, and so in any order. */
  readonly looseSinks = new Set<string>();
  /** The composites that run several children at once. */
  readonly wideComposites = new Set<string>();
  /** What failed in `init` with the lifetime of the run. */
  readonly runInits = new Map<string, boolean>();
  readonly #letters: ModelLetter[][] = [[]];
  readonly #tries = new Map<string, WeakMap<Item, number>>();
  #callNumber = 0;

  constructor(readonly program: Program) {}

  at(path: string): Counts {
    const known = this.counts.get(path);
    if (known !== undefined) return known;
    const fresh = noCounts();
    this.counts.set(path, fresh);
    return fresh;
  }

  /** Counts one call, and tells how often this node has been tried with this item. */
  call(path: string, item: Item): number {
    increase(this.calls, path);
    this.#callNumber += 1;
    if (this.#callNumber === this.program.cancelAtCall) this.isCancelled = true;
    const tries = this.#tries.get(path) ?? new WeakMap<Item, number>();
    this.#tries.set(path, tries);
    const count = (tries.get(item) ?? 0) + 1;
    tries.set(item, count);
    return count;
  }

  event(...words: readonly string[]): void {
    increase(this.events, words.join(' '));
  }

  get letters(): string[] {
    return (this.#letters[0] ?? []).map(({ text }) => text);
  }

  letter(text: string, event: string): void {
    if (this.#letters.length === 1) increase(this.events, event);
    this.#letters.at(-1)?.push({ text, event });
  }

  /** From here on letters are held: a try may be repeated. */
  hold(): void {
    this.#letters.push([]);
  }

  /** The held letters leave, if the try counts. */
  release(counts: boolean): void {
    const held = this.#letters.pop() ?? [];
    if (counts) for (const { text, event } of held) this.letter(text, event);
    else for (const { event } of held) this.openCounts.add(event.split(' ')[1] ?? '');
  }
}

/** Adds one at a key. */
export function increase(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

/** What one try of a node comes to. */
export type TryResult = 'hangs' | 'throws' | 'skips' | Item;

/** What a node does with an item at the try of this number. */
export function tryOf(
  work: Work,
  path: string,
  item: Item,
  tries: number,
  place: { readonly limited: boolean; readonly sink: boolean },
): TryResult {
  if (place.limited && work.hangs > 0 && item.value % work.hangs === 0) return 'hangs';
  if (work.fails > 0 && item.value % work.fails === 0 && tries <= work.times) return 'throws';
  if (!place.sink && work.skip > 0 && item.value % work.skip === 0) return 'skips';
  return { value: (item.value + work.add) % 1_000, way: `${item.way} ${path}` };
}

/** The items of a source, made anew each time that it is opened. */
export function itemsOf({ values }: Source, path: string): Item[] {
  return values.map((value) => ({ value, way: path }));
}
