import type { EndingScope } from './ending-scope.js';
import type { Redactor } from './redactor.js';
import { environmentSecrets } from './secret-provider.js';
import type { SecretProvider } from './secret-provider.js';
import { SecretScope } from './secret-scope.js';
import { SecretVault } from './secret-vault.js';

/** What a composite lets through. */
interface Narrowing {
  readonly names: ReadonlySet<string>;
  readonly path: string;
  readonly above: SecretAccess;
}

/** A run's secrets with what narrows them: every composite with a list lets only its names through. */
export class SecretAccess {
  readonly vault: SecretVault;
  readonly #narrowing: Narrowing | undefined;

  private constructor(vault: SecretVault, narrowing?: Narrowing) {
    this.vault = vault;
    this.#narrowing = narrowing;
  }

  /** The secrets of a new run; without a provider they come from the environment. */
  static open(provider: SecretProvider | undefined, redactor: Redactor): SecretAccess {
    return new SecretAccess(new SecretVault(provider ?? environmentSecrets(), redactor));
  }

  /** Knows every value that was read in this run. */
  get redactor(): Redactor {
    return this.vault.redactor;
  }

  /**
   * What a composite passes on: of these names those that it has itself.
   *
   * @param path the composite's, for the error that names it.
   */
  narrow(names: readonly string[], path: string): SecretAccess {
    return new SecretAccess(this.vault, { names: new Set(names), path, above: this });
  }

  /** The path of the outermost composite that withholds a name; undefined where none does. */
  narrowedBy(name: string): string | undefined {
    if (this.#narrowing === undefined) return undefined;
    const { names, path, above } = this.#narrowing;
    return above.narrowedBy(name) ?? (names.has(name) ? undefined : path);
  }

  /** The names that are let through; where nothing narrows, those the provider was asked for so far. */
  names(): readonly string[] {
    if (this.#narrowing === undefined) return this.vault.names();
    return [...this.#narrowing.names].filter((name) => this.narrowedBy(name) === undefined);
  }

  /** The view of one reader: its reads are noted under the path, and end with the scope. */
  at(path: string, scope: EndingScope): SecretScope {
    return new SecretScope(this, path, scope);
  }
}
