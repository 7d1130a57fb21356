import type { EndingScope } from '../ending/ending-scope.js';
import type { Redactor } from './redactor.js';
import { SecretNames } from './secret-names.js';
import { environmentSecrets } from './secret-provider.js';
import type { SecretProvider } from './secret-provider.js';
import { SecretScope } from './secret-scope.js';
import { SecretVault } from './secret-vault.js';

/** A run's secrets with what narrows them. */
export class SecretAccess {
  readonly vault: SecretVault;
  /** The names that composites let through; undefined for all. */
  readonly narrowed: SecretNames | undefined;

  private constructor(vault: SecretVault, narrowed?: SecretNames) {
    this.vault = vault;
    this.narrowed = narrowed;
  }

  /** The secrets of a new run; without a provider they come from the environment. */
  static open(provider: SecretProvider | undefined, redactor: Redactor): SecretAccess {
    return new SecretAccess(new SecretVault(provider ?? environmentSecrets(), redactor));
  }

  /** Knows every value that was read in this run. */
  get redactor(): Redactor {
    return this.vault.redactor;
  }

  /** What the composite at a path passes on: of these names those that it has itself. */
  narrow(names: readonly string[], path: string): SecretAccess {
    return new SecretAccess(this.vault, new SecretNames(names, path, this.narrowed));
  }

  /** The path of the outermost composite that withholds a name; undefined where none does. */
  narrowedBy(name: string): string | undefined {
    return this.narrowed?.narrowedBy(name);
  }

  /** The names that are let through; where nothing narrows, those the provider was asked for so far. */
  names(): readonly string[] {
    return this.narrowed?.list() ?? this.vault.names();
  }

  /** The view of one reader: its reads are noted under the path, and end with the scope. */
  at(path: string, scope: EndingScope): SecretScope {
    return new SecretScope(this, path, scope);
  }
}
