import type { PipelineError } from '../../errors/pipeline-error.js';
import { sessionConflict } from '../../errors/run-errors.js';
import type { EndingScope } from '../ending/ending-scope.js';
import { sessionClosed } from './session-closed.js';
import { Session } from './session.js';
import type { SessionEntries } from './session.js';
import { ABSENT, commitSession, sessionNow } from './session-state.js';
import type { SessionCommit, SessionState } from './session-state.js';

const nothing: ReadonlyMap<string, unknown> = new Map();

/**
 * What one run does to a session: it reads the state as it was at the run's start, and its own writes.
 *
 * {@link commit} or {@link discard} closes it: what it has seen can still be read, nothing can be written.
 */
export class SessionTransaction implements SessionEntries {
  /** Where writes go at the end, or, without a {@link #base}, what is read as it is now. */
  #state: SessionState | undefined;
  /** The last commit that is seen here. */
  #since: SessionCommit | undefined;
  #base: ReadonlyMap<string, unknown> | undefined;
  #writes: Map<string, unknown> | undefined;
  /** Whether a snapshot reads the same map of writes: it is copied before the next write. */
  #sharesWrites = false;
  /** What this is a snapshot of: it closes with that. */
  #origin: SessionTransaction | undefined;
  /** Why nothing can be written. */
  #closure: string | undefined;

  /** Begins a run's transaction; one without a state works, and its writes end with it. */
  static begin(state: SessionState | undefined): SessionTransaction {
    const transaction = new this();
    if (state === undefined) return transaction;
    const { entries, last } = sessionNow(state);
    transaction.#state = state;
    transaction.#base = entries;
    transaction.#since = last;
    return transaction;
  }

  /**
   * For a place where no run is open: it reads the state as it is when asked, and refuses writes.
   *
   * @param why a clause for the error, such as `no run is open`.
   */
  static closed(state: SessionState | undefined, why: string): SessionTransaction {
    const transaction = new this();
    transaction.#state = state;
    transaction.#closure = why;
    return transaction;
  }

  /** For a child that gets no session: every key is absent, and a write is refused, naming the composite. */
  static none(path: string): SessionTransaction {
    return this.closed(undefined, `the composite '${path}' passes no session`);
  }

  /** A private copy for a child, of what is seen here now; it is never committed, and closes with this. */
  snapshot(): SessionTransaction {
    const copy = new SessionTransaction();
    copy.#origin = this;
    copy.#base = this.#entries;
    copy.#writes = this.#writes;
    copy.#sharesWrites = this.#sharesWrites = true;
    return copy;
  }

  /** Whether it can be written to. */
  get isOpen(): boolean {
    return this.#closure === undefined && this.#origin?.isOpen !== false;
  }

  /** The session as the node at a path gets it. */
  at(path: string, scope?: EndingScope): Session {
    return new Session(this, path, scope);
  }

  /**
   * Closes it and applies all writes to the state, or none: then it gives the error.
   *
   * @param path where the run is, for the error.
   */
  commit(path?: string): PipelineError | undefined {
    const [state, since, writes] = [this.#state, this.#since, this.#writes];
    this.discard();
    if (state === undefined || since === undefined || writes === undefined) return undefined;
    const keys = [...commitSession(state, since, writes)];
    if (keys.length === 0) return undefined;
    return sessionConflict(keys, path);
  }

  /** Closes it without keeping a write; does nothing when it is closed. */
  discard(): void {
    this.#closure ??= 'the run has ended';
    // Later commits are not held through what remains readable here.
    if (this.#since !== undefined) this.#since = this.#state = undefined;
  }

  all(): ReadonlyMap<string, unknown> {
    if (this.#writes === undefined) return this.#entries;
    const entries = new Map([...this.#entries, ...this.#writes]);
    for (const [key, value] of this.#writes) if (value === ABSENT) entries.delete(key);
    return entries;
  }

  read(key: string): unknown {
    const from = this.#writes?.has(key) === true ? this.#writes : this.#entries;
    const value = from.get(key);
    return value !== undefined || from.has(key) ? value : ABSENT;
  }

  requireOpen(key: string, path: string): void {
    const why = this.#closure;
    if (why === undefined) {
      this.#origin?.requireOpen(key, path);
      return;
    }
    throw sessionClosed(key, why, path);
  }

  write(key: string, value: unknown): void {
    if (this.#writes === undefined || this.#sharesWrites) {
      this.#writes = new Map(this.#writes);
      this.#sharesWrites = false;
    }
    this.#writes.set(key, value);
  }

  get #entries(): ReadonlyMap<string, unknown> {
    return this.#base ?? (this.#state === undefined ? nothing : sessionNow(this.#state).entries);
  }
}
