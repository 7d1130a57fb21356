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
 * The session of one run. Reads show the state at the run's start and the run's own writes.
 *
 * {@link commit} and {@link discard} close the transaction: its entries can still be read, but not written.
 */
export class SessionTransaction implements SessionEntries {
  /** The session that is committed to; without a {@link #base}, also the session that is read. */
  #state: SessionState | undefined;
  /** The last commit whose entries are visible here. */
  #since: SessionCommit | undefined;
  #base: ReadonlyMap<string, unknown> | undefined;
  #writes: Map<string, unknown> | undefined;
  /** True if a snapshot shares the map of writes, so that the map is copied before the next write. */
  #sharesWrites = false;
  /** The transaction that this one is a snapshot of; when it closes, so does the snapshot. */
  #origin: SessionTransaction | undefined;
  /** The reason why writes are refused, as a clause; undefined while the transaction is open. */
  #closure: string | undefined;

  /** Begins a run's transaction; without a state, the run can write, but its writes are lost at its end. */
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
   * Makes a closed transaction, for use outside of a run. Reads show the current state, writes are refused.
   *
   * @param why clause for the error message, such as `no run is open`.
   */
  static closed(state: SessionState | undefined, why: string): SessionTransaction {
    const transaction = new this();
    transaction.#state = state;
    transaction.#closure = why;
    return transaction;
  }

  /** Makes the transaction of a child without a session. All keys are absent, and writes fail, naming the composite. */
  static none(path: string): SessionTransaction {
    return this.closed(undefined, `the composite '${path}' passes no session`);
  }

  /**
   * Makes a child's private copy of the current entries.
   *
   * Never committed, and closed together with this transaction.
   */
  snapshot(): SessionTransaction {
    const copy = new SessionTransaction();
    copy.#origin = this;
    copy.#base = this.#entries;
    copy.#writes = this.#writes;
    copy.#sharesWrites = this.#sharesWrites = true;
    return copy;
  }

  /** True while the transaction accepts writes. */
  get isOpen(): boolean {
    return this.#closure === undefined && this.#origin?.isOpen !== false;
  }

  /** Returns the session for the node at a path. */
  at(path: string, scope?: EndingScope): Session {
    return new Session(this, path, scope);
  }

  /**
   * Closes the transaction and commits all its writes. On a conflict commits none, and returns the error.
   *
   * @param path path of the run, for the error.
   */
  commit(path?: string): PipelineError | undefined {
    const [state, since, writes] = [this.#state, this.#since, this.#writes];
    this.discard();
    if (state === undefined || since === undefined || writes === undefined) return undefined;
    const keys = [...commitSession(state, since, writes)];
    if (keys.length === 0) return undefined;
    return sessionConflict(keys, path);
  }

  /** Closes the transaction without a commit; does nothing if it is closed. */
  discard(): void {
    this.#closure ??= 'the run has ended';
    // The link to later commits is dropped, so that a closed transaction does not keep them in memory.
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
