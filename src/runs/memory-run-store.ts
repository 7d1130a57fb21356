import { isDeepStrictEqual } from 'node:util';
import { frozenJson } from '../data/frozen-json.js';
import type { JsonObject } from '../data/json-value.js';
import { checkOptions, rule } from '../errors/option-rules.js';
import {
  idempotencyConflict,
  leaseLost,
  queueOfThreadFull,
  runConflict,
  runNotFound,
  sessionSavedMeanwhile,
} from '../errors/run-errors.js';
import { changedRecord } from './changed-record.js';
import { MemoryRunLog } from './memory-run-log.js';
import { isClaimable, isOfThread, keptRecord, leased, tenantTest } from './memory-run-row.js';
import type { Row } from './memory-run-row.js';
import type { StoredRunEvent } from './run-event.js';
import type { CancelRequest, RequestedCancel, RunRecord } from './run-record.js';
import { isOpen } from './run-status.js';
import type {
  ClaimOptions,
  InsertOptions,
  Lease,
  RunChanges,
  RunExpectation,
  RunFilter,
  RunStore,
  RunThread,
  StoredSession,
  StorePruneOptions,
} from './run-store.js';
import { threadKey, threadOf } from './run-thread.js';

/** How a memory store is made. */
export interface MemoryRunStoreOptions {
  /**
   * How many ended runs are kept, those that ended last; open ones are kept always. Default: the `memoryCap` of the
   * manager, 1,000 where that has none.
   */
  readonly cap?: number | undefined;
}

const DEFAULT_CAP = 1000;
const emptySession: StoredSession = Object.freeze({ version: 0, entries: Object.freeze({}) });

/** Gives a store that has no cap of its own the cap of its manager; no public object leads here. */
export let capMemory: (store: object, cap: number) => void;

/**
 * Keeps runs in the memory of the process: the default store of a manager.
 *
 * Managers of one process may share one. What it holds is lost with the process; {@link close} keeps it, so that the
 * records can still be read.
 *
 * @example
 * {@includeCode ../../examples/api/memory-run-store.ts}
 */
export class MemoryRunStore implements RunStore {
  static {
    capMemory = (store, cap) => {
      // By its inside: what stands in for a memory store has none.
      if (#cap in store && !store.#hasOwnCap) store.#cap = cap;
    };
  }

  /** In the order in which they were inserted. */
  readonly #rows = new Map<string, Row>();
  /** The open runs of each thread that has some, the eldest first. */
  readonly #open = new Map<string, Set<Row>>();
  readonly #keys = new Map<string, Row>();
  /** Each with the run that has saved it. */
  readonly #sessions = new Map<string, { readonly session: StoredSession; readonly savedBy: string }>();
  /** In the order in which they ended. */
  readonly #ended = new Set<Row>();
  readonly #hasOwnCap: boolean;
  #cap: number;

  /** @throws {@link PipelineError} `OPTION_INVALID`. */
  constructor(options: MemoryRunStoreOptions = {}) {
    checkOptions('MemoryRunStore', options, { cap: rule.positiveInteger });
    this.#hasOwnCap = options.cap !== undefined;
    this.#cap = options.cap ?? DEFAULT_CAP;
  }

  insert(given: RunRecord, options: InsertOptions): Promise<RunRecord> {
    return answer(() => this.#insert(given, options));
  }

  update(runId: string, expected: RunExpectation, changes: RunChanges): Promise<RunRecord | undefined> {
    return answer(() => this.#update(runId, expected, changes));
  }

  renew(lease: Lease, runIds: readonly string[]): Promise<readonly string[]> {
    return answer(() =>
      runIds.filter((runId) => {
        const row = this.#rows.get(runId);
        if (row?.token !== lease.token || !isOpen(row.record.status)) return false;
        row.record = leased(row.record, lease);
        return true;
      }),
    );
  }

  requestCancel(runId: string, { action, reason }: CancelRequest): Promise<RunRecord | undefined> {
    return answer(() => {
      const row = this.#rows.get(runId);
      if (row === undefined) return undefined;
      if (isOpen(row.record.status) && row.record.cancelRequested === undefined) {
        row.record = frozenJson({ ...row.record, cancelRequested: { action, reason } });
      }
      return row.record;
    });
  }

  cancels(lease: Lease): Promise<readonly RequestedCancel[]> {
    return answer(() =>
      [...this.#openRows()].flatMap(({ token, record: { runId, cancelRequested } }) =>
        token === lease.token && cancelRequested !== undefined ? [{ runId, ...cancelRequested }] : [],
      ),
    );
  }

  claimExpired(options: ClaimOptions): Promise<readonly RunRecord[]> {
    return answer(() => {
      const claimed: RunRecord[] = [];
      for (const row of this.#openRows()) {
        if (claimed.length >= options.limit) break;
        if (!isClaimable(row, options)) continue;
        row.token = options.lease.token;
        row.record = leased(row.record, options.lease);
        claimed.push(row.record);
      }
      return claimed;
    });
  }

  loadInput(runId: string): Promise<JsonObject | undefined> {
    return answer(() => this.#rows.get(runId)?.input);
  }

  appendEvents(
    runId: string,
    events: readonly StoredRunEvent[],
    { lease }: { readonly lease: Lease },
  ): Promise<void> {
    return answer(() => {
      this.#owned(runId, lease).log.append(events);
    });
  }

  readEvents(
    runId: string,
    { after, limit }: { readonly after: number; readonly limit: number },
  ): Promise<readonly StoredRunEvent[]> {
    return answer(() => this.#rows.get(runId)?.log.read(after, limit) ?? []);
  }

  get(runId: string): Promise<RunRecord | undefined> {
    return answer(() => this.#rows.get(runId)?.record);
  }

  list(filter: RunFilter): Promise<readonly RunRecord[]> {
    return answer(() => this.#list(filter));
  }

  byKey(tenantId: string | undefined, idempotencyKey: string): Promise<RunRecord | undefined> {
    return answer(() => this.#keys.get(threadKey({ tenantId, threadId: idempotencyKey }))?.record);
  }

  active(threadId: string, tenantId?: string): Promise<RunRecord | undefined> {
    return answer(() => {
      const [eldest] = this.#open.get(threadKey({ threadId, tenantId })) ?? [];
      return eldest?.record;
    });
  }

  loadSession(thread: RunThread): Promise<StoredSession> {
    return answer(() => this.#sessions.get(threadKey(thread))?.session ?? emptySession);
  }

  saveSession(
    thread: RunThread,
    session: StoredSession,
    { runId, lease }: { readonly runId: string; readonly lease: Lease },
  ): Promise<void> {
    return answer(() => {
      this.#owned(runId, lease);
      this.#save(thread, session, runId);
    });
  }

  prune(options: StorePruneOptions): Promise<number> {
    return answer(() => this.#prune(options));
  }

  forget(thread: RunThread): Promise<number> {
    return answer(() => {
      const key = threadKey(thread);
      const [active] = this.#open.get(key) ?? [];
      if (active !== undefined) throw runConflict(thread.threadId, active.record.runId);
      const rows = [...this.#rows.values()].filter(({ record }) => isOfThread(record, thread));
      rows.forEach((row) => {
        this.#remove(row);
      });
      this.#sessions.delete(key);
      return rows.length;
    });
  }

  /** Does nothing: what the store holds can still be read. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  #insert(given: RunRecord, { lease, maxQueued = Infinity, input }: InsertOptions): RunRecord {
    const known = this.#rows.get(given.runId);
    if (known !== undefined) return known.record;
    const { tenantId, idempotencyKey, strategy } = given;
    const key = idempotencyKey === undefined ? undefined : threadKey({ tenantId, threadId: idempotencyKey });
    if (key !== undefined && this.#keys.has(key)) throw idempotencyConflict(idempotencyKey ?? '');
    const thread = threadOf(given);
    const inThread = thread && threadKey(thread);
    const open = inThread === undefined ? undefined : this.#open.get(inThread);
    let record = given;
    if (thread !== undefined && open !== undefined) {
      const [active] = open;
      if (strategy === 'reject') throw runConflict(thread.threadId, active?.record.runId ?? '');
      const waiting = [...open].filter((row) => row.record.status === 'pending').length;
      if (strategy === 'enqueue' && waiting >= maxQueued) throw queueOfThreadFull(thread.threadId, maxQueued);
      record = { ...given, status: 'pending', startedAt: undefined };
    }
    const row: Row = {
      record: leased(keptRecord(record), lease),
      token: lease.token,
      log: new MemoryRunLog(),
      input: frozenJson(input),
    };
    this.#rows.set(given.runId, row);
    if (key !== undefined) this.#keys.set(key, row);
    if (inThread !== undefined) {
      if (open === undefined) this.#open.set(inThread, new Set([row]));
      else open.add(row);
    }
    return row.record;
  }

  #update(runId: string, expected: RunExpectation, changes: RunChanges): RunRecord | undefined {
    const row = this.#rows.get(runId);
    if (row === undefined) return undefined;
    const next = changedRecord(row, expected, changes);
    if (next === undefined || next === row.record) return next;
    const thread = threadOf(next);
    if (next.status === 'running' && thread !== undefined) {
      const [eldest] = this.#open.get(threadKey(thread)) ?? [];
      if (eldest !== row) return undefined;
    }
    if (changes.session !== undefined && thread !== undefined) this.#save(thread, changes.session, runId);
    row.record = next;
    if (changes.events !== undefined) row.log.append(changes.events);
    if (!isOpen(next.status)) this.#end(row, thread);
    return row.record;
  }

  #end(row: Row, thread: RunThread | undefined): void {
    if (thread !== undefined) {
      const key = threadKey(thread);
      const open = this.#open.get(key);
      open?.delete(row);
      if (open?.size === 0) this.#open.delete(key);
    }
    this.#ended.add(row);
    for (const eldest of this.#ended) {
      if (this.#ended.size <= this.#cap) break;
      this.#remove(eldest);
    }
  }

  #remove(row: Row): void {
    const { runId, tenantId, idempotencyKey } = row.record;
    this.#rows.delete(runId);
    this.#ended.delete(row);
    if (idempotencyKey !== undefined) this.#keys.delete(threadKey({ tenantId, threadId: idempotencyKey }));
  }

  #save(thread: RunThread, { version, entries }: StoredSession, savedBy: string): void {
    const key = threadKey(thread);
    const stored = this.#sessions.get(key);
    if ((stored?.session.version ?? 0) !== version) {
      // A save whose answer was lost is made again.
      const isRepeat = stored?.savedBy === savedBy && stored.session.version === version + 1;
      if (isRepeat && isDeepStrictEqual(stored.session.entries, entries)) return;
      throw sessionSavedMeanwhile(thread.threadId);
    }
    const session = frozenJson({ version: version + 1, entries });
    this.#sessions.set(key, { session, savedBy });
  }

  #owned(runId: string, lease: Lease): Row {
    const row = this.#rows.get(runId);
    if (row?.token !== lease.token) throw leaseLost(runId);
    return row;
  }

  *#openRows(): Iterable<Row> {
    for (const row of this.#rows.values()) if (!this.#ended.has(row)) yield row;
  }

  #list({ threadId, tenantId, status, limit, before }: RunFilter): readonly RunRecord[] {
    const isOfTenant = tenantTest(tenantId);
    const first = before === undefined ? undefined : this.#rows.get(before);
    if (before !== undefined && (first === undefined || !isOfTenant(first.record))) throw runNotFound(before);
    const found: RunRecord[] = [];
    const rows = [...this.#rows.values()];
    for (let index = first === undefined ? rows.length : rows.indexOf(first); index > 0; index -= 1) {
      const record = rows[index - 1]?.record;
      if (found.length >= limit || record === undefined) break;
      const isFound =
        isOfTenant(record) &&
        (threadId === undefined || record.threadId === threadId) &&
        (status === undefined || status.includes(record.status));
      if (isFound) found.push(record);
    }
    return found;
  }

  #prune({ endedBefore = Infinity, keep, tenantId }: StorePruneOptions): number {
    const isOfTenant = tenantTest(tenantId);
    const ended = [...this.#rows.values()].filter((row) => this.#ended.has(row) && isOfTenant(row.record));
    const old = keep === undefined ? ended : ended.slice(0, Math.max(0, ended.length - keep));
    const removed = old.filter(({ record }) => (record.endedAt ?? -Infinity) < endedBefore);
    removed.forEach((row) => {
      this.#remove(row);
    });
    return removed.length;
  }
}

/** What a method answers with: what it throws rejects. */
function answer<T>(method: () => T): Promise<T> {
  try {
    return Promise.resolve(method());
  } catch (error) {
    return new Promise(() => {
      throw error;
    });
  }
}
