import { inspect } from 'node:util';
import type { EndingScope } from '../ending/ending-scope.js';
import { frozenCopy } from '../../data/frozen-copy.js';
import { applyRecipe } from '../../data/recipe.js';
import type { Recipe } from '../../data/recipe.js';
import { sessionClosed } from './session-closed.js';
import { ABSENT, sessionKey } from './session-state.js';

/** The entries behind a {@link Session}. */
export interface SessionEntries {
  /** Returns all current entries, in a map that never changes. */
  all(): ReadonlyMap<string, unknown>;
  /** Returns the value, or `ABSENT`. */
  read(key: string): unknown;
  /** Throws `SESSION_CLOSED` if writes are refused. */
  requireOpen(key: string, path: string): void;
  write(key: string, value: unknown): void;
}

/**
 * The memory of a conversation as one run sees it: `context.run.session`.
 *
 * The run sees the {@link SessionState} of its start, and its own writes. When the run succeeds, all its writes are
 * committed. If another run has committed one of the same keys meanwhile, none is, and the run fails with
 * `SESSION_CONFLICT`. A run that fails or is cancelled commits nothing.
 *
 * @example
 * {@includeCode ../../../examples/api/session.ts}
 */
export class Session {
  readonly #entries: SessionEntries;
  readonly #path: string;
  readonly #scope: EndingScope | undefined;

  /**
   * @hidden
   * @param scope writes are refused once this scope has ended, for example of a call that has outlived its `timeoutMs`.
   */
  constructor(entries: SessionEntries, path: string, scope?: EndingScope) {
    this.#entries = entries;
    this.#path = path;
    this.#scope = scope;
  }

  /** Returns the value, frozen; undefined if there is none. */
  get<T = unknown>(key: string): T | undefined;
  get(key: string): unknown {
    const value = this.#read(key);
    return value === ABSENT ? undefined : value;
  }

  /** True if the entry is present, also with the value undefined. */
  has(key: string): boolean {
    return this.#read(key) !== ABSENT;
  }

  /**
   * Sets an entry. Data is copied deeply and frozen, so later changes of the caller's object have no effect.
   *
   * @throws {@link PipelineError} `SESSION_CLOSED` after the run's end or cancel, and when a composite passes no session;
   * `OPTION_INVALID` when the key is no text or empty; `CONTEXT_VALUE_INVALID` when data has more than 1,000 levels, or
   * cannot be read.
   */
  set(key: string, value: unknown): this {
    this.#requireOpen(key);
    this.#entries.write(key, frozenCopy(value, 'the session', key, this.#path));
    return this;
  }

  /**
   * Changes a value copy-on-write: the recipe changes a draft, or returns the new value.
   *
   * If the recipe has changed the draft, its return value is ignored. For an absent entry the draft is undefined.
   *
   * @throws {@link PipelineError} as {@link set} does; `CONTEXT_RECIPE_ASYNC` when the recipe returns a promise.
   */
  update<T = unknown, TResult = unknown>(key: string, recipe: Recipe<T, TResult>): this {
    this.#requireOpen(key);
    return this.set(key, applyRecipe(this.get(key) as T, recipe, `'${key}' in the session`, this.#path));
  }

  /**
   * Removes an entry; returns true if it was present.
   *
   * @throws {@link PipelineError} as {@link set} does.
   */
  delete(key: string): boolean {
    this.#requireOpen(key);
    const existed = this.has(key);
    this.#entries.write(key, ABSENT);
    return existed;
  }

  /** Returns the current keys. */
  keys(): IterableIterator<string> {
    return this.#entries.all().keys();
  }

  /** Returns the current entries as a plain object. */
  toObject(): Record<string, unknown> {
    return Object.fromEntries(this.#entries.all());
  }

  /** @internal Shows only the keys, because values may be secret. */
  [inspect.custom](): string {
    return `Session { ${[...this.keys()].join(', ')} }`;
  }

  #read(key: string): unknown {
    return this.#entries.read(sessionKey(key, this.#path));
  }

  #requireOpen(key: string): void {
    this.#entries.requireOpen(sessionKey(key, this.#path), this.#path);
    if (this.#scope?.reason !== undefined) throw sessionClosed(key, 'the work was cancelled', this.#path);
  }
}
