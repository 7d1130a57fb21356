import type { EndingScope } from '../ending/ending-scope.js';
import type { Redactor } from './redactor.js';
import { SecretNames } from './secret-names.js';
import { environmentSecrets } from './secret-provider.js';
import type { SecretProvider } from './secret-provider.js';
import { SecretScope } from './secret-scope.js';
import { SecretVault } from './secret-vault.js';

/** Access to a run's secrets, limited to the names that composites pass on. */
export class SecretAccess {
  readonly vault: SecretVault;
  /** The names that composites pass on; undefined for all. */
  readonly narrowed: SecretNames | undefined;

  private constructor(vault: SecretVault, narrowed?: SecretNames) {
    this.vault = vault;
    this.narrowed = narrowed;
  }

  /** Opens the secrets of a new run; without a provider they come from the environment. */
  static open(provider: SecretProvider | undefined, redactor: Redactor): SecretAccess {
    return new SecretAccess(new SecretVault(provider ?? environmentSecrets(), redactor));
  }

  /** The redactor that knows all secret values read in this run. */
  get redactor(): Redactor {
    return this.vault.redactor;
  }

  /** Returns the access of a composite's child. It may read the given names that the composite may read itself. */
  narrow(names: readonly string[], path: string): SecretAccess {
    return new SecretAccess(this.vault, new SecretNames(names, path, this.narrowed));
  }

  /** Returns the path of the outermost composite that withholds a name; undefined if none does. */
  narrowedBy(name: string): string | undefined {
    return this.narrowed?.narrowedBy(name);
  }

  /** Returns the names that composites pass on. If no composite limits them, the names requested so far. */
  names(): readonly string[] {
    return this.narrowed?.list() ?? this.vault.names();
  }

  /**
   * Returns the secrets for the node at a path.
   *
   * Reads are recorded under that path, and rejected once the scope ends.
   */
  at(path: string, scope: EndingScope): SecretScope {
    return new SecretScope(this, path, scope);
  }
}
