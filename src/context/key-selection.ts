import { checkOptions, invalidOption, rule } from '../errors/option-rules.js';
import { isArray } from '../data/foreign-value.js';
import { keyName } from './context-key.js';
import { entriesOf } from './entries-source.js';
import type { Key } from './context-key.js';
import { Layer } from './layer.js';
import type { Entry } from './layer.js';

/**
 * Which keys a child inherits. The parts can be combined.
 *
 * `pick` passes the keys named. `omit` passes all but the keys named. `rename` passes parent's keys under other
 * names: alone it passes those only, and it works also from an omitted key.
 */
export interface KeySelection {
  /** The keys that pass; one that the parent lacks is passed over. */
  readonly pick?: readonly Key[] | undefined;
  /** The keys that do not pass; it goes before `pick`. */
  readonly omit?: readonly Key[] | undefined;
  /** The child's name to the parent's key. */
  readonly rename?: Readonly<Record<string, Key>> | undefined;
}

const listOfKeys = (value: unknown): string | undefined => (isArray(value) ? undefined : 'a list of keys');

/** A {@link KeySelection} made ready for look-ups. */
export class CompiledSelection {
  readonly #pick: ReadonlySet<string> | undefined;
  readonly #omit: ReadonlySet<string> | undefined;
  readonly #rename: ReadonlyMap<string, string>;

  constructor(selection: KeySelection, subject: string) {
    if (isArray(selection)) {
      throw invalidOption(subject, 'a list is no key selection; write { pick: [...] }');
    }
    checkOptions(subject, selection, {
      pick: listOfKeys,
      omit: listOfKeys,
      rename: (value) =>
        isArray(value) ? "an object of the child's name to the parent's key" : rule.object(value),
    });
    this.#pick = selection.pick && new Set(selection.pick.map(keyName));
    this.#omit = selection.omit && new Set(selection.omit.map(keyName));
    this.#rename = new Map(
      [...entriesOf(selection.rename)].map(([child, parent]) => [keyName(child), keyName(parent as Key)]),
    );
  }

  /** The parent's names that may give a child's name, the strongest first. */
  sourcesOf(name: string): readonly string[] {
    const renamed = this.#rename.get(name);
    const passes = this.#passes(name);
    if (renamed === undefined) return passes ? [name] : [];
    return passes && renamed !== name ? [renamed, name] : [renamed];
  }

  /** The child's names for what a parent holds. */
  namesFor(parent: ReadonlyMap<string, Entry>): Set<string> {
    const names = new Set<string>();
    for (const name of this.#pick ?? parent.keys()) {
      if (parent.has(name) && this.#passes(name)) names.add(name);
    }
    for (const [child, source] of this.#rename) if (parent.has(source)) names.add(child);
    return names;
  }

  #passes(name: string): boolean {
    if (this.#omit?.has(name) === true) return false;
    return this.#pick === undefined ? this.#omit !== undefined : this.#pick.has(name);
  }
}

/** What a selection lets through of a parent's layer; nothing is copied, a name is mapped when it is first asked for. */
export class SelectedLayer extends Layer {
  readonly #found = new Map<string, Entry>();
  override readonly weight: number;

  constructor(
    readonly source: Layer,
    readonly selection: CompiledSelection,
  ) {
    super();
    this.weight = source.weight;
  }

  override get(name: string): Entry | undefined {
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    for (const sourceName of this.selection.sourcesOf(name)) {
      const entry = this.source.get(sourceName);
      if (entry !== undefined) {
        this.#found.set(name, entry);
        return entry;
      }
    }
    return undefined;
  }

  protected override collect(): Map<string, Entry> {
    const all = new Map<string, Entry>();
    for (const name of this.selection.namesFor(this.source.all())) {
      const entry = this.get(name);
      if (entry !== undefined) all.set(name, entry);
    }
    return all;
  }
}
