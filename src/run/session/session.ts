import { inspect } from 'node:util';
import type { EndingScope } from '../ending/ending-scope.js';
import { frozenCopy } from '../../data/frozen-copy.js';
import { applyRecipe } from '../../data/recipe.js';
import type { Recipe } from '../../data/recipe.js';
import { sessionClosed } from './session-closed.js';
import { ABSENT, sessionKey } from './session-state.js';

/** What a {@link Session} reads and writes. */
export interface SessionEntries {
  /** All entries, as they are now; never changed later. */
  all(): ReadonlyMap<string, unknown>;
  /** The value, or `ABSENT`. */
  read(key: string): unknown;
  /** Throws where nothing can be written. */
  requireOpen(key: string, path: string): void;
  write(key: string, value: unknown): void;
}

/**
 * What a run knows of its conversation: `context.run.session`.
 *
 * The run sees the {@link SessionState} as it was when the run began, and what it has written itself. When it has
 * succeeded, all that it wrote is committed, or nothing where another run has committed one of these keys
 * meanwhile: then it fails with `SESSION_CONFLICT`. A run that does not succeed leaves no trace.
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
   * @param scope whose end ends the writing: what a call that has outlived its time writes is dropped with its result.
   */
  constructor(entries: SessionEntries, path: string, scope?: EndingScope) {
    this.#entries = entries;
    this.#path = path;
    this.#scope = scope;
  }

  /** The value, frozen; undefined where there is none. */
  get<T = unknown>(key: string): T | undefined;
  get(key: string): unknown {
    const value = this.#read(key);
    return value === ABSENT ? undefined : value;
  }

  /** Whether the entry is present, also with the value undefined. */
  has(key: string): boolean {
    return this.#read(key) !== ABSENT;
  }

  /**
   * Sets an entry; data is copied deeply and frozen, so the caller's object stays its own.
   *
   * @throws {@link PipelineError} `SESSION_CLOSED` after the run's end and where no session is passed,
   * `OPTION_INVALID` when the key is no text or empty, `CONTEXT_VALUE_INVALID` for data of more than 1,000 levels, or
   * that cannot be read.
   */
  set(key: string, value: unknown): this {
    this.#requireOpen(key);
    this.#entries.write(key, frozenCopy(value, 'the session', key, this.#path));
    return this;
  }

  /**
   * Changes a value copy-on-write: the recipe changes a draft, or returns the new value.
   *
   * If the recipe changed the draft, its return value is ignored. An absent entry starts from undefined.
   *
   * @throws {@link PipelineError} as {@link set} does, `CONTEXT_RECIPE_ASYNC` when the recipe returns a promise.
   */
  update<T = unknown, TResult = unknown>(key: string, recipe: Recipe<T, TResult>): this {
    this.#requireOpen(key);
    return this.set(key, applyRecipe(this.get(key) as T, recipe, `'${key}' in the session`, this.#path));
  }

  /**
   * Removes an entry and tells whether it was there.
   *
   * @throws {@link PipelineError} as {@link set} does.
   */
  delete(key: string): boolean {
    this.#requireOpen(key);
    const existed = this.has(key);
    this.#entries.write(key, ABSENT);
    return existed;
  }

  /** The keys, as they are now. */
  keys(): IterableIterator<string> {
    return this.#entries.all().keys();
  }

  /** The entries as a plain object. */
  toObject(): Record<string, unknown> {
    return Object.fromEntries(this.#entries.all());
  }

  /** @internal The keys only: values may be secret. */
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
