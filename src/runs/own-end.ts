import { isInstanceOf } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { changedRecord } from './changed-record.js';
import { endByError } from './run-end.js';
import type { RunEnd } from './run-end.js';
import { runEndedOf } from './run-event.js';
import type { RunLog } from './run-log.js';
import type { CancelRequest, RunRecord } from './run-record.js';
import { isOpen } from './run-status.js';
import type { RunStatus } from './run-status.js';
import type { Lease, RunChanges, StoredSession } from './run-store.js';
import { threadOf } from './run-thread.js';
import { isTransient } from './store-call.js';
import type { StoreAccess } from './store-access.js';
import type { ThreadSession } from './thread-session.js';

/** What an end needs beside itself. */
interface EndPlace {
  readonly session: ThreadSession | undefined;
  /** The log of the run. */
  readonly log: RunLog;
  /** The statuses that the run may have in the store. */
  readonly statuses: readonly RunStatus[];
  /** Whether the run is still ours; else nothing is tried again. */
  readonly isOurs: () => boolean;
  /** The end that a cancel which was recorded first makes of it. */
  readonly interrupted: (request: CancelRequest) => RunEnd;
}

/** Stores the end of a run: once, whatever has to be tried until then. */
export class OwnEnd {
  readonly #store: StoreAccess;
  readonly #lease: Lease;
  readonly #record: RunRecord;
  readonly #place: EndPlace;
  #end: RunEnd;
  #isStored = false;
  #isLogged = false;
  #isHopeless = false;
  #session: StoredSession | undefined;

  constructor(
    { store, lease }: { readonly store: StoreAccess; readonly lease: Lease },
    record: RunRecord,
    end: RunEnd,
    place: EndPlace,
  ) {
    this.#store = store;
    this.#lease = lease;
    this.#record = record;
    this.#place = place;
    this.#end = end;
    this.#takeSession();
  }

  /** The end as it is stored, or is to be stored. */
  get end(): RunEnd {
    return this.#end;
  }

  get isStored(): boolean {
    return this.#isStored;
  }

  /** Whether all of the log is stored with the end. */
  get isLogged(): boolean {
    return this.#isLogged;
  }

  /** True where the store has refused for good. */
  get isHopeless(): boolean {
    return this.#isHopeless;
  }

  /**
   * Stores the end, and with it what is left of the log if that is little: gives the record, `lost` where the run is
   * not ours any more, undefined where the store failed.
   */
  store(tries?: number): Promise<RunRecord | 'lost' | undefined> {
    const { isOurs, statuses, log } = this.#place;
    const expected = { status: statuses, lease: this.#lease };
    const events = log.rest(runEndedOf(this.#end.changes));
    const changes: RunChanges = { ...this.#end.changes, session: this.#session, events };
    return this.#store
      .ask((to) => to.update(this.#record.runId, expected, changes), tries, isOurs)
      .then(
        (stored) => {
          if (stored === undefined) return this.#refused(tries);
          this.#isStored = true;
          this.#isLogged = events !== undefined;
          if (this.#isLogged) log.close();
          return stored;
        },
        (error: unknown) => {
          const isConflict = isInstanceOf(error, PipelineError) && error.code === 'SESSION_CONFLICT';
          if (isConflict) return this.#mergeSession(tries);
          this.#noteFailure(error);
          return undefined;
        },
      );
  }

  /** The record as it would be stored. */
  unstoredRecord(): RunRecord {
    const run = { record: this.#record, token: this.#lease.token };
    return changedRecord(run, { status: [this.#record.status] }, this.#end.changes) ?? this.#record;
  }

  /** The store has not changed the run: a cancel that was recorded first wins over an end that is not stored yet. */
  async #refused(tries: number | undefined): Promise<RunRecord | 'lost' | undefined> {
    const { runId } = this.#record;
    try {
      const found = await this.#store.ask((to) => to.get(runId), tries);
      const request = found?.cancelRequested;
      const isBeaten = found !== undefined && isOpen(found.status) && request !== undefined;
      if (!isBeaten || this.#end.changes.status === 'interrupted') return 'lost';
      this.#end = this.#place.interrupted(request);
      this.#session = undefined;
    } catch (error) {
      this.#noteFailure(error);
      return undefined;
    }
    return await this.store(tries);
  }

  #noteFailure(error: unknown): void {
    this.#isHopeless = !isTransient(error);
  }

  /** Takes what the run has changed of its session, if it succeeded; what cannot be stored makes it fail. */
  #takeSession(now?: StoredSession): void {
    this.#session = undefined;
    if (this.#end.changes.status !== 'success') return;
    try {
      this.#session = this.#place.session?.changed(now);
    } catch (error) {
      this.#end = endByError(this.#end, error);
    }
  }

  /** Somebody has saved the session meanwhile: the run's changes are made again on what is stored now. */
  async #mergeSession(tries: number | undefined): Promise<RunRecord | 'lost' | undefined> {
    const thread = threadOf(this.#record);
    try {
      if (thread !== undefined)
        this.#takeSession(await this.#store.ask((to) => to.loadSession(thread), tries));
    } catch (error) {
      this.#noteFailure(error);
      return undefined;
    }
    return await this.store(tries);
  }
}
