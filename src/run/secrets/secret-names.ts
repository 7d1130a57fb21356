/** The names of secrets that composites let through: every one with a list lets only its names through. */
export class SecretNames {
  readonly #names: ReadonlySet<string>;
  readonly #path: string;
  readonly #above: SecretNames | undefined;

  /**
   * @param path the composite's, for the error that names it.
   * @param above what the composites around it let through; undefined for everything.
   */
  constructor(names: readonly string[], path: string, above: SecretNames | undefined) {
    this.#names = new Set(names);
    this.#path = path;
    this.#above = above;
  }

  /** The path of the outermost composite that withholds a name; undefined where none does. */
  narrowedBy(name: string): string | undefined {
    return this.#above?.narrowedBy(name) ?? (this.#names.has(name) ? undefined : this.#path);
  }

  /** The names that are let through. */
  list(): readonly string[] {
    return [...this.#names].filter((name) => this.narrowedBy(name) === undefined);
  }
}
