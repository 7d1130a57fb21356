import { inspect } from 'node:util';
import { canHoldOptions, invalidOption, rule } from '../../errors/option-rules.js';
import { hasProperty, isInstanceOf, isObject } from '../../data/foreign-value.js';
import { frozenCopy } from '../../data/frozen-copy.js';
import { pairsIn } from '../../data/pairs.js';
import { PipelineError } from '../../errors/pipeline-error.js';

/** Marks an absent key; as a written value, the removal of a key. */
export const ABSENT = Symbol('absent');

/**
 * The keys that one commit has written, linked to the next commit.
 *
 * Each open transaction refers to the commit at its start; commits that no open transaction can reach are garbage.
 */
export interface SessionCommit {
  readonly keys: readonly string[];
  next: SessionCommit | undefined;
}

/** Returns the committed entries and the last commit, with which a transaction begins. */
export let sessionNow: (state: SessionState) => {
  readonly entries: ReadonlyMap<string, unknown>;
  readonly last: SessionCommit;
};

/**
 * Commits all writes and returns an empty set; or commits none, and returns the keys in conflict.
 *
 * In conflict are keys that another run has committed after `since`.
 *
 * Users cannot reach this function: only a run that has succeeded commits.
 */
export let commitSession: (
  state: SessionState,
  since: SessionCommit,
  writes: ReadonlyMap<string, unknown>,
) => ReadonlySet<string>;

/**
 * The memory of a conversation, made by {@link createSession} and passed to its runs.
 *
 * This object can only be read. Runs write through `context.run.session`; if a run succeeds, its writes are committed.
 *
 * @example
 * {@includeCode ../../../examples/api/session.ts}
 */
export class SessionState {
  static {
    sessionNow = (state) => ({ entries: state.#entries, last: state.#last });
    commitSession = (state, since, writes) => this.#commit(state, since, writes);
  }

  /** Replaced at each commit, never changed, because running runs still read the earlier map. */
  #entries: ReadonlyMap<string, unknown>;
  #last: SessionCommit = { keys: [], next: undefined };

  /** @hidden */
  constructor(entries: ReadonlyMap<string, unknown>) {
    this.#entries = entries;
  }

  /** Returns the committed value, frozen; undefined if there is none. */
  get<T = unknown>(key: string): T | undefined;
  get(key: string): unknown {
    return this.#entries.get(sessionKey(key));
  }

  /** True if the key was committed, or was present from the start. */
  has(key: string): boolean {
    return this.#entries.has(sessionKey(key));
  }

  /** Returns the committed entries as a plain object; `createSession` restores the session from it. */
  toObject(): Record<string, unknown> {
    return Object.fromEntries(this.#entries);
  }

  /** Returns the same as {@link toObject}. */
  toJSON(): Record<string, unknown> {
    return this.toObject();
  }

  /** @internal Shows only the keys, because values may be secret. */
  [inspect.custom](): string {
    return `SessionState { ${[...this.#entries.keys()].join(', ')} }`;
  }

  static #commit(
    state: SessionState,
    since: SessionCommit,
    writes: ReadonlyMap<string, unknown>,
  ): ReadonlySet<string> {
    const taken = new Set<string>();
    for (let other = since.next; other !== undefined; other = other.next) {
      for (const key of other.keys) if (writes.has(key)) taken.add(key);
    }
    if (taken.size > 0) return taken;
    const entries = new Map(state.#entries);
    for (const [key, value] of writes) {
      if (value === ABSENT) entries.delete(key);
      else entries.set(key, value);
    }
    state.#entries = entries;
    state.#last = state.#last.next = { keys: [...writes.keys()], next: undefined };
    return taken;
  }
}

/**
 * Makes the memory of a conversation, empty or with entries; data is copied and frozen.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` when a key is no text or empty, or the argument holds no entries;
 * `CONTEXT_VALUE_INVALID` when data has more than 1,000 levels, or cannot be read.
 *
 * @example
 * {@includeCode ../../../examples/api/session.ts}
 */
export function createSession(
  initial: Readonly<Record<string, unknown>> | Iterable<readonly [string, unknown]> = {},
): SessionState {
  const entries = new Map<string, unknown>();
  for (const [given, value] of pairsOf(initial)) {
    const key = sessionKey(given);
    entries.set(key, frozenCopy(value, 'the session', key));
  }
  return new SessionState(entries);
}

/**
 * Checks the key of an entry, and returns it.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` when the key is no text or empty.
 */
export function sessionKey(key: unknown, path?: string): string {
  const expected = rule.text(key);
  if (expected !== undefined) throw invalidOption('a session', `a key must be ${expected}`, path);
  return key as string;
}

function pairsOf(source: unknown): (readonly [unknown, unknown])[] {
  const isIterable = isObject(source) && hasProperty(source, Symbol.iterator);
  try {
    if (isIterable || (canHoldOptions(source) && !isInstanceOf(source, SessionState))) {
      const pairs = pairsIn(source, 'the session');
      if (pairs !== undefined) return pairs;
    }
  } catch (thrown) {
    // Any other error comes from an object that cannot be read: it is refused below.
    if (isInstanceOf(thrown, PipelineError)) throw thrown;
  }
  throw invalidOption('createSession', 'a plain object, a Map or a list of [key, value] pairs was expected');
}
