/** Something closed that may still be listened to. */
interface Heard {
  /** Whether anybody still listens. */
  readonly isHeard: boolean;
}

/** So many are kept before anybody looks which of them nobody listens to any more. */
const FIRST_LOOK_AT = 64;

/**
 * Closed scopes of which listeners are left.
 *
 * Nobody tells when a listener is removed from a signal. So the set looks at all of its scopes whenever it has doubled:
 * it never holds more than twice as many as are listened to.
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
