import { isArray } from '../data/foreign-value.js';
import { checkOptions, invalidOption, rule } from '../errors/option-rules.js';
import { keyName } from './context-key.js';
import { entriesOf } from './entries-source.js';
import type { Key } from './context-key.js';
import { Layer } from './layer.js';
import type { Entry } from './layer.js';

/**
 * Which keys a child inherits. The parts can be combined.
 *
 * `required` passes the keys that the child declares, and those that its own composites take as `'required'` from it.
 * `pick` passes the keys named. `omit` passes all but the keys named; with `required` it only takes away.
 * `rename` passes parent's keys under other names: alone it passes those only, and it works also from an omitted key.
 */
export interface KeySelection {
  /** Passes the keys that the child requires; one that is renamed comes from the parent's key of the other name. */
  readonly required?: true | undefined;
  /** The keys that pass; one that the parent lacks is passed over. */
  readonly pick?: readonly Key[] | undefined;
  /** The keys that do not pass; it goes before `pick` and `required`. */
  readonly omit?: readonly Key[] | undefined;
  /** The child's name to the parent's key. */
  readonly rename?: Readonly<Record<string, Key>> | undefined;
}

/** What a child inherits of one dictionary: all, nothing, exactly what it requires, or a selection of keys. */
export type InheritedKeys = boolean | 'required' | KeySelection;

const listOfKeys = (value: unknown): string | undefined => (isArray(value) ? undefined : 'a list of keys');

const selectionRules = {
  required: (value: unknown) => (value === true ? undefined : 'true, or left out'),
  pick: listOfKeys,
  omit: listOfKeys,
  rename: (value: unknown) =>
    isArray(value) ? "an object of the child's name to the parent's key" : rule.object(value),
};

/** A {@link KeySelection} made ready for look-ups. */
export class CompiledSelection {
  /** Whether the keys that the child requires pass. */
  readonly byContract: boolean;
  /** The names that `pick` lists. */
  readonly picked: ReadonlySet<string>;
  /** The names that pass as they are, unless they are omitted; undefined for all. */
  readonly #named: ReadonlySet<string> | undefined;
  readonly #omit: ReadonlySet<string>;
  readonly #rename: ReadonlyMap<string, string>;

  /**
   * @param required the names that the child requires.
   * @throws {@link PipelineError} `OPTION_INVALID` or `CONTEXT_KEY_INVALID` for a wrong selection.
   */
  constructor(given: 'required' | KeySelection, subject: string, required: Iterable<string> = []) {
    if (isArray(given)) {
      throw invalidOption(subject, 'a list is no key selection; write { pick: [...] }');
    }
    const selection: KeySelection = given === 'required' ? { required: true } : given;
    checkOptions(subject, selection, selectionRules);
    const { pick, omit } = selection;
    this.byContract = selection.required === true;
    this.picked = new Set(pick?.map(keyName));
    this.#omit = new Set(omit?.map(keyName));
    const renames = [...entriesOf(selection.rename)].map(
      ([child, parent]) => [keyName(child), keyName(parent as Key)] as const,
    );
    // What is required is a list of names in the child, and what is omitted is taken from that list.
    this.#rename = new Map(renames.filter(([child]) => !this.byContract || !this.#omit.has(child)));
    const passesAllOthers = omit !== undefined && pick === undefined && !this.byContract;
    const contracted = this.byContract ? [...required].filter((name) => !this.#rename.has(name)) : [];
    this.#named = passesAllOthers ? undefined : new Set([...this.picked, ...contracted]);
  }

  /** Whether no key passes. */
  get isEmpty(): boolean {
    return this.#named?.size === 0 && this.#rename.size === 0;
  }

  /** Whether names pass, as they are, that the selection does not mention. */
  get passesOthers(): boolean {
    return this.#named === undefined;
  }

  /** The child's names that the selection mentions, also those that it omits. */
  get mentioned(): readonly string[] {
    return [...(this.#named ?? []), ...this.#omit, ...this.#rename.keys()];
  }

  /** The parent's names that may give a child's name, the strongest first. */
  sourcesOf(name: string): readonly string[] {
    const renamed = this.#rename.get(name);
    const passes = this.#passes(name);
    if (renamed === undefined) return passes ? [name] : [];
    return passes && renamed !== name ? [renamed, name] : [renamed];
  }

  /** The parent's name for a name that the child requires; undefined where required keys do not pass, or not this one. */
  requiredSourceOf(name: string): string | undefined {
    return this.byContract && !this.omits(name) ? (this.#rename.get(name) ?? name) : undefined;
  }

  /** Whether `omit` lists a name. */
  omits(name: string): boolean {
    return this.#omit.has(name);
  }

  /** The child's names for what a parent holds. */
  namesFor(parent: Layer): Set<string> {
    const names = new Set<string>();
    for (const name of this.#named ?? parent.all().keys()) {
      if (this.#passes(name) && parent.get(name) !== undefined) names.add(name);
    }
    for (const [child, source] of this.#rename) if (parent.get(source) !== undefined) names.add(child);
    return names;
  }

  /** This selection with every key that anybody could require, for a child whose needs are not known yet. */
  opened(subject: string): CompiledSelection {
    const rename = Object.fromEntries(this.#rename);
    return new CompiledSelection({ omit: [...this.#omit, ...this.#rename.keys()], rename }, subject);
  }

  #passes(name: string): boolean {
    return !this.#omit.has(name) && (this.#named === undefined || this.#named.has(name));
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
    for (const name of this.selection.namesFor(this.source)) {
      const entry = this.get(name);
      if (entry !== undefined) all.set(name, entry);
    }
    return all;
  }
}
