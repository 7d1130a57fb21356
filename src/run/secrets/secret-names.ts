/** The names of secrets that nested composites pass on. Each composite with a list passes only the names in it. */
export class SecretNames {
  readonly #names: ReadonlySet<string>;
  readonly #path: string;
  readonly #above: SecretNames | undefined;

  /**
   * @param path path of the composite, for the error that names it.
   * @param above names that the composites around pass on; undefined for all.
   */
  constructor(names: readonly string[], path: string, above: SecretNames | undefined) {
    this.#names = new Set(names);
    this.#path = path;
    this.#above = above;
  }

  /** Returns the path of the outermost composite that withholds a name; undefined if none does. */
  narrowedBy(name: string): string | undefined {
    return this.#above?.narrowedBy(name) ?? (this.#names.has(name) ? undefined : this.#path);
  }

  /** Returns the names that all composites pass on. */
  list(): readonly string[] {
    return [...this.#names].filter((name) => this.narrowedBy(name) === undefined);
  }
}
