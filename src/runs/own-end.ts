import { isInstanceOf } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { changedRecord } from './changed-record.js';
import { endByError } from './run-end.js';
import type { RunEnd } from './run-end.js';
import type { CancelRequest, RunRecord } from './run-record.js';
import { isOpen } from './run-status.js';
import type { RunStatus } from './run-status.js';
import type { Lease, StoredSession } from './run-store.js';
import { threadOf } from './run-thread.js';
import { isTransient } from './store-access.js';
import type { StoreAccess } from './store-access.js';
import type { ThreadSession } from './thread-session.js';

/** What an end needs beside itself. */
interface EndPlace {
  readonly session: ThreadSession | undefined;
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

  /** True where the store has refused for good. */
  get isHopeless(): boolean {
    return this.#isHopeless;
  }

  /** Stores the end: gives the record, `lost` where the run is not ours any more, undefined where the store failed. */
  async store(tries?: number): Promise<RunRecord | 'lost' | undefined> {
    try {
      const stored = await this.#attempt(tries);
      this.#isStored = stored !== 'lost';
      return stored;
    } catch (error) {
      this.#isHopeless = !isTransient(error);
      return undefined;
    }
  }

  /** The record as it would be stored. */
  unstoredRecord(): RunRecord {
    const run = { record: this.#record, token: this.#lease.token };
    return changedRecord(run, { status: [this.#record.status] }, this.#end.changes) ?? this.#record;
  }

  async #attempt(tries: number | undefined): Promise<RunRecord | 'lost'> {
    const { runId } = this.#record;
    const { isOurs, statuses } = this.#place;
    const expected = { status: statuses, lease: this.#lease };
    for (;;) {
      const changes = { ...this.#end.changes, session: this.#session };
      try {
        const stored = await this.#store.ask((to) => to.update(runId, expected, changes), tries, isOurs);
        if (stored !== undefined) return stored;
      } catch (error) {
        if (!isInstanceOf(error, PipelineError) || error.code !== 'SESSION_CONFLICT') throw error;
        await this.#mergeSession(tries);
        continue;
      }
      const found = await this.#store.ask((to) => to.get(runId), tries);
      const request = found?.cancelRequested;
      // A cancel that was recorded first wins over an end that is not stored yet.
      const isBeaten = found !== undefined && isOpen(found.status) && request !== undefined;
      if (!isBeaten || this.#end.changes.status === 'interrupted') return 'lost';
      this.#end = this.#place.interrupted(request);
      this.#session = undefined;
    }
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

  async #mergeSession(tries: number | undefined): Promise<void> {
    const thread = threadOf(this.#record);
    if (thread === undefined) return;
    this.#takeSession(await this.#store.ask((to) => to.loadSession(thread), tries));
  }
}
