import type { ChildInheritance } from '../context/child-inheritance.js';
import type { DictionaryKind } from '../context/dictionary-kind.js';

/** The names of the root's entries that a name may come from; none for a value that a composite gives. */
type Origins = readonly string[];

/** Which entries of one dictionary can be in a context, by what the composites above it pass on. */
export class Reach {
  /** What a root has: anything, under its own name. */
  static readonly root = new Reach(true, new Map());

  readonly #passesOthers: boolean;
  /** The names that are not just handed down; undefined for those that are not there. */
  readonly #named: ReadonlyMap<string, Origins | undefined>;

  private constructor(passesOthers: boolean, named: ReadonlyMap<string, Origins | undefined>) {
    this.#passesOthers = passesOthers;
    this.#named = named;
  }

  /** The names that can be there, sorted; `'all'` where names can be there that nobody mentions. */
  get names(): readonly string[] | 'all' {
    return this.#passesOthers ? 'all' : this.#sorted((origins) => origins !== undefined);
  }

  /** Where `names` is `'all'`: the names that cannot be there, sorted. */
  get missing(): readonly string[] {
    return this.#passesOthers ? this.#sorted((origins) => origins === undefined) : [];
  }

  /** In words: `tolerance, unit ← scheduleUnit, end (given)`, or `all but password`. */
  get text(): string {
    const named = this.#sorted((origins) => origins !== undefined).map((name) => this.#textOf(name));
    if (!this.#passesOthers) return named.join(', ');
    const others = this.missing.length === 0 ? 'all' : `all but ${this.missing.join(', ')}`;
    // What comes down under its own name is one of all.
    return [others, ...named.filter((text) => !this.#named.has(text))].join('; ');
  }

  /** Whether a name can be there, or the root's entry of that name under another one. */
  has(name: string): boolean {
    return (
      this.#originsOf(name) !== undefined || [...this.#named.values()].some((from) => from?.includes(name))
    );
  }

  /** What reaches the child of a composite, and what of that the child can hand on. */
  below(inheritance: ChildInheritance, kind: DictionaryKind): { readonly child: Reach; readonly on: Reach } {
    const dictionary = inheritance[kind];
    const local = inheritance.localNames(kind);
    const named = new Map<string, Origins | undefined>();
    for (const name of [...this.#named.keys(), ...dictionary.mentioned]) {
      named.set(name, dictionary.sets(name) ? [] : this.#originsThrough(dictionary.sourcesOf(name)));
    }
    const passesOthers = this.#passesOthers && dictionary.passesOthers;
    const withEach = (origins: Origins | undefined): Reach =>
      new Reach(passesOthers, new Map([...named, ...local.map((name) => [name, origins] as const)]));
    return { child: withEach([]), on: withEach(undefined) };
  }

  /** Where an entry comes from that is the first there of several: each of them may lack, but what a composite gives. */
  #originsThrough(sources: readonly string[]): Origins | undefined {
    const found = sources.map((source) => this.#originsOf(source)).filter((origins) => origins !== undefined);
    if (found.length === 0) return undefined;
    const given = found.findIndex((origins) => origins.length === 0);
    return [...new Set(found.slice(0, given < 0 ? undefined : given).flat())];
  }

  #originsOf(name: string): Origins | undefined {
    return this.#named.has(name) ? this.#named.get(name) : this.#passesOthers ? [name] : undefined;
  }

  #textOf(name: string): string {
    const origins = this.#originsOf(name) ?? [];
    if (origins.length === 0) return `${name} (given)`;
    return origins.length === 1 && origins[0] === name ? name : `${name} ← ${origins.join(' or ')}`;
  }

  #sorted(isWanted: (origins: Origins | undefined) => boolean): readonly string[] {
    const names = [...this.#named].filter(([, origins]) => isWanted(origins)).map(([name]) => name);
    return Object.freeze(names.sort());
  }
}
