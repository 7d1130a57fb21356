/** A closed scope that may still have listeners. */
interface Heard {
  /** True while there are listeners. */
  readonly isHeard: boolean;
}

/** Size of the set at which scopes without listeners are first removed. */
const FIRST_LOOK_AT = 64;

/**
 * A set of closed scopes that still have listeners.
 *
 * Removing a listener from a signal sends no event. So the set checks its scopes whenever its size has doubled, and
 * holds at most twice as many scopes as have listeners (or 64).
 */
export class LeftScopes<TScope extends Heard> implements Iterable<TScope> {
  readonly #scopes = new Set<TScope>();
  #lookAt = FIRST_LOOK_AT;

  add(scope: TScope): void {
    this.#scopes.add(scope);
    if (this.#scopes.size < this.#lookAt) return;
    for (const each of this.#scopes) if (!each.isHeard) this.#scopes.delete(each);
    this.#lookAt = Math.max(FIRST_LOOK_AT, 2 * this.#scopes.size);
  }

  delete(scope: TScope): void {
    this.#scopes.delete(scope);
  }

  [Symbol.iterator](): Iterator<TScope> {
    return this.#scopes.values();
  }
}
