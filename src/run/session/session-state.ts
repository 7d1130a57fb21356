import { inspect } from 'node:util';
import { canHoldOptions, invalidOption, rule } from '../../errors/option-rules.js';
import { hasProperty, isInstanceOf, isObject } from '../../data/foreign-value.js';
import { frozenCopy } from '../../data/frozen-copy.js';
import { pairsIn } from '../../data/pairs.js';
import { PipelineError } from '../../errors/pipeline-error.js';

/** Stands for a key that is not there; as a written value: for its removal. */
export const ABSENT = Symbol('absent');

/**
 * The keys that one commit wrote, and the commit after it.
 *
 * Only open transactions hold the commits since their begin, so that none is kept for longer than it can conflict.
 */
export interface SessionCommit {
  readonly keys: readonly string[];
  next: SessionCommit | undefined;
}

/** What a transaction begins with. */
export let sessionNow: (state: SessionState) => {
  readonly entries: ReadonlyMap<string, unknown>;
  readonly last: SessionCommit;
};

/**
 * Applies all writes, or none: then it gives the keys that others have committed after a commit.
 *
 * No public object leads here: only a run that has succeeded commits.
 */
export let commitSession: (
  state: SessionState,
  since: SessionCommit,
  writes: ReadonlyMap<string, unknown>,
) => ReadonlySet<string>;

/**
 * A conversation's memory: made by {@link createSession}, and given to the runs of that conversation.
 *
 * It is only read here. Runs write through `context.run.session`, and a run that succeeded commits.
 *
 * @example
 * {@includeCode ../../../examples/api/session.ts}
 */
export class SessionState {
  static {
    sessionNow = (state) => ({ entries: state.#entries, last: state.#last });
    commitSession = (state, since, writes) => this.#commit(state, since, writes);
  }

  /** Never changed, but replaced: what a run has seen stays so. */
  #entries: ReadonlyMap<string, unknown>;
  #last: SessionCommit = { keys: [], next: undefined };

  /** @hidden */
  constructor(entries: ReadonlyMap<string, unknown>) {
    this.#entries = entries;
  }

  /** The committed value, frozen; undefined where there is none. */
  get<T = unknown>(key: string): T | undefined;
  get(key: string): unknown {
    return this.#entries.get(sessionKey(key));
  }

  /** Whether the key has been committed, or was there from the start. */
  has(key: string): boolean {
    return this.#entries.has(sessionKey(key));
  }

  /** What is committed, as a plain object: enough to make the session again. */
  toObject(): Record<string, unknown> {
    return Object.fromEntries(this.#entries);
  }

  /** The same as {@link toObject}. */
  toJSON(): Record<string, unknown> {
    return this.toObject();
  }

  /** @internal The keys only: values may be secret. */
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
 * Makes the memory of a conversation, empty or with entries; data are copied and frozen.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` for a key that is no text or empty, and for what holds no entries,
 * `CONTEXT_VALUE_INVALID` for data of more than 1,000 levels, or that cannot be read.
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
 * The key of an entry, as it is.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` when it is no text or empty.
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
    // Else it cannot be read.
    if (isInstanceOf(thrown, PipelineError)) throw thrown;
  }
  throw invalidOption('createSession', 'a plain object, a Map or a list of [key, value] pairs was expected');
}
