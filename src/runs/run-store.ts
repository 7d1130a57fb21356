import type { JsonObject } from '../data/json-value.js';
import type { StoredRunEvent } from './run-event.js';
import type { CancelRequest, RequestedCancel, RunRecord } from './run-record.js';
import type { RunStatus } from './run-status.js';

/** A manager's claim to the runs that it executes. */
export interface Lease {
  /** Made afresh by each manager: by it a store tells whether a run is still the writer's. Never shown to users. */
  readonly token: string;
  /** The label of the manager; it becomes the `ownerId` of the record. */
  readonly ownerId: string;
  /** How long the claim holds from now, on the clock of the store, in milliseconds; 0 gives the run back at once. */
  readonly ms: number;
}

/** What runs belong to that must not run at the same time. */
export interface RunThread {
  /** Unique within its tenant only. */
  readonly threadId: string;
  /** Whose thread it is; without one, it is nobody's, which is a tenant of its own. */
  readonly tenantId?: string | undefined;
}

/** What a store needs to know to accept a new run. */
export interface InsertOptions {
  /** Who owns the new run. */
  readonly lease: Lease;
  /**
   * How many runs of the thread may wait, this one included, where its `strategy` is `enqueue`; without a limit where
   * absent.
   */
  readonly maxQueued?: number | undefined;
  /** What another manager needs to execute the run; given only with a `definition`. */
  readonly input?: JsonObject | undefined;
}

/** What a run must be for an {@link RunStore.update} to change it. */
export interface RunExpectation {
  /** The statuses that it may have. */
  readonly status: readonly RunStatus[];
  /** Who must own it; absent where that does not matter. The lease is not renewed. */
  readonly lease?: Lease | undefined;
}

/** What an {@link RunStore.update} changes; what is absent stays. */
export interface RunChanges {
  /** The new status; {@link canBecome} tells whether it may follow. */
  readonly status?: RunStatus | undefined;
  /** See {@link RunRecord}. */
  readonly stopReason?: RunRecord['stopReason'];
  /** See {@link RunRecord}. */
  readonly error?: RunRecord['error'];
  /** See {@link RunRecord}. */
  readonly startedAt?: number | undefined;
  /** See {@link RunRecord}. */
  readonly endedAt?: number | undefined;
  /** See {@link RunRecord}. */
  readonly cost?: RunRecord['cost'] | undefined;
  /** See {@link RunRecord}. */
  readonly counts?: RunRecord['counts'] | undefined;
  /** What the run has made of its thread's session: stored in one transaction with the status, or not at all. */
  readonly session?: StoredSession | undefined;
  /**
   * What the log of the run gets, as by {@link RunStore.appendEvents}: stored in one transaction with the status, or not
   * at all, so that nobody reads the one without the other.
   */
  readonly events?: readonly StoredRunEvent[] | undefined;
}

/** The session of a thread as it is stored. */
export interface StoredSession {
  /**
   * How often the thread's session has been saved: 0 for one that never was. A save names the version that it was made
   * from; the stored one is one higher.
   */
  readonly version: number;
  /** All entries by key, each encoded as JSON by the manager; replaced as a whole. */
  readonly entries: JsonObject;
}

/** Which runs a {@link RunStore.list} gives. */
export interface RunFilter {
  /** Only those of this thread. */
  readonly threadId?: string | undefined;
  /** Only those of this tenant, or with null those without a tenant; with undefined, of all. */
  readonly tenantId?: string | null | undefined;
  /** Only those with one of these statuses. */
  readonly status?: readonly RunStatus[] | undefined;
  /** How many at most. */
  readonly limit: number;
  /** Only those that were accepted before the run with this id. */
  readonly before?: string | undefined;
}

/** Whose runs without an owner a manager takes over. */
export interface ClaimOptions {
  /** Who takes them over. */
  readonly lease: Lease;
  /** How long after the end of its lease a run still belongs to its owner, in milliseconds; not one given back. */
  readonly graceMs: number;
  /** How many at most, the eldest first. */
  readonly limit: number;
  /** The names of definitions that the manager has: pending runs that were started by another name are left alone. */
  readonly definitions: readonly string[];
  /** Only this run, whatever its definition: it is to be cancelled. */
  readonly runId?: string | undefined;
}

/** Which ended runs a {@link RunStore.prune} removes: those that meet every condition given. */
export interface StorePruneOptions {
  /** Those that ended before this moment, in milliseconds since the epoch. */
  readonly endedBefore?: number | undefined;
  /** Those that are not among the newest so many ended runs (of the tenant, if one is given). */
  readonly keep?: number | undefined;
  /** Only those of this tenant, or with null those without a tenant. */
  readonly tenantId?: string | null | undefined;
}

/**
 * Keeps runs, their logs and the sessions of their threads, for one process or for several.
 *
 * What all methods share:
 * - All that a store gets and gives is plain data that JSON carries; it copies or freezes what it keeps. Ids are 1 to
 *   512 well-formed characters without NUL, and are compared exactly.
 * - A run that has not ended is *open*: pending or running. Stores keep runs in the order in which they were inserted,
 *   by a counter of their own, never by a time; *newest* and *eldest* mean that order.
 * - Each method is atomic, also against other processes.
 * - A rejection whose error has `transient: true` is worth a repeat; any other is final. A repeat may follow a call that
 *   was carried out though its answer was lost: so repeats of a call change nothing more.
 * - Times of leases are the store's own, from one clock for all processes; all other times come with the data.
 * - An answer of a row that is damaged is `STORE_UNAVAILABLE` with the id of the run, in lists it is left out and logged.
 *
 * `runStoreConformance` of `heirline/testing` checks all of this.
 */
export interface RunStore {
  /**
   * Accepts a new run, whose record says `running`, and gives the record as it is stored.
   *
   * In this order: the same `runId` again gives what is stored, and changes nothing. A taken idempotency key is a
   * conflict. Where the thread has open runs, `reject` is a conflict, and every other strategy stores the run as
   * `pending`, without `startedAt`; `enqueue` only if no more than `maxQueued` runs of the thread are then pending. The
   * lease becomes `ownerId` and `leaseExpiresAt`.
   *
   * @throws {@link PipelineError} `IDEMPOTENCY_CONFLICT`, `RUN_CONFLICT`, `QUEUE_FULL`.
   */
  insert(record: RunRecord, options: InsertOptions): Promise<RunRecord>;

  /**
   * Changes a run if it is as expected, and gives the new record; else undefined, and nothing has changed.
   *
   * Undefined also: where there is no such run; where the table of transitions has no way to the new status; for
   * `running`, where the thread has an elder run that is open; for `success`, `error` and `timeout`, where a cancel was
   * requested. A repeat of a change by the same lease gives the record. An ended run has no `leaseExpiresAt`.
   * All of this but the look at the thread is decided by {@link changedRecord}.
   *
   * @throws {@link PipelineError} `SESSION_CONFLICT` where the session's version is no longer the one in `changes`.
   */
  update(runId: string, expected: RunExpectation, changes: RunChanges): Promise<RunRecord | undefined>;

  /**
   * Prolongs the lease of open runs, and gives the ids of those that belong to it.
   *
   * With `ms: 0` gives them back: each can be claimed at once, without any grace.
   */
  renew(lease: Lease, runIds: readonly string[]): Promise<readonly string[]>;

  /**
   * Records that an open run is to be cancelled, and gives the record; the first request stays.
   *
   * An ended run is given as it is; undefined where there is no such run.
   */
  requestCancel(runId: string, request: CancelRequest): Promise<RunRecord | undefined>;

  /** What was requested for the open runs of a lease. */
  cancels(lease: Lease): Promise<readonly RequestedCancel[]>;

  /**
   * Gives open runs whose lease has expired, or was given back, to another lease, each to one only.
   *
   * A run that belongs to this lease already is not given.
   */
  claimExpired(options: ClaimOptions): Promise<readonly RunRecord[]>;

  /** What was given as `input` when the run was inserted. */
  loadInput(runId: string): Promise<JsonObject | undefined>;

  /**
   * Adds to the log of a run, also of one that has ended; events whose numbers are there already are ignored.
   *
   * The numbers of the events that are given follow one another.
   *
   * Keeps at least the latest 10,000 events of a run.
   *
   * @throws {@link PipelineError} `LEASE_LOST` where the run belongs to another lease, or is gone.
   */
  appendEvents(
    runId: string,
    events: readonly StoredRunEvent[],
    options: { readonly lease: Lease },
  ): Promise<void>;

  /** The events with numbers above `after`, in their order; empty also where there is no such run. */
  readEvents(
    runId: string,
    options: { readonly after: number; readonly limit: number },
  ): Promise<readonly StoredRunEvent[]>;

  /**
   * One run, or undefined.
   *
   * @throws {@link PipelineError} `STORE_UNAVAILABLE` where its row is damaged.
   */
  get(runId: string): Promise<RunRecord | undefined>;

  /**
   * Runs, the newest first.
   *
   * @throws {@link PipelineError} `RUN_NOT_FOUND` where `before` is unknown, or another tenant's.
   */
  list(filter: RunFilter): Promise<readonly RunRecord[]>;

  /** The run of a tenant (or of none) that has this idempotency key. */
  byKey(tenantId: string | undefined, idempotencyKey: string): Promise<RunRecord | undefined>;

  /** The eldest open run of a thread: the one that is running, or the next to run. */
  active(threadId: string, tenantId?: string): Promise<RunRecord | undefined>;

  /** The session of a thread; version 0 without entries where there is none. */
  loadSession(thread: RunThread): Promise<StoredSession>;

  /**
   * Replaces the session of a thread, for a run that owns it.
   *
   * The manager never calls this: it saves a session with the end of its run, by {@link update}. It is for programs that
   * keep something in a session before the run has ended.
   *
   * @throws {@link PipelineError} `LEASE_LOST` where the run belongs to another lease or is gone, `SESSION_CONFLICT`
   * where the version is no longer the stored one.
   */
  saveSession(
    thread: RunThread,
    session: StoredSession,
    options: { readonly runId: string; readonly lease: Lease },
  ): Promise<void>;

  /** Removes ended runs, with their logs, inputs and keys, never sessions; gives how many runs were removed. */
  prune(options: StorePruneOptions): Promise<number>;

  /**
   * Removes all of a thread: runs, logs, inputs, keys and its session; gives how many runs were removed.
   *
   * @throws {@link PipelineError} `RUN_CONFLICT` while a run of the thread is open.
   */
  forget(thread: RunThread): Promise<number>;

  /** Frees what the store holds. The manager calls it last, once; no other call follows. */
  close(): Promise<void>;
}
