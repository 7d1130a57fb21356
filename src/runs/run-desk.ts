import type { DefinitionSource } from '../builder/blueprint.js';
import type { ManagedRuns } from '../engine/managed-runs.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { quietly } from '../run/bound-logger.js';
import { LeaseKeeper } from './lease-keeper.js';
import type { OwnRun, RunHost } from './own-run.js';
import type { RunLog } from './run-log.js';
import type { RunRecord } from './run-record.js';
import { openStatuses } from './run-status.js';
import type { Lease, RunThread } from './run-store.js';
import { threadKey, threadOf } from './run-thread.js';
import { Starts } from './starts.js';
import type { StoreAccess } from './store-access.js';

/** How long events wait to be written together. */
const FLUSH_MS = 20;

/** What a desk is made of. */
export interface DeskParts {
  readonly store: StoreAccess;
  readonly runs: ManagedRuns;
  readonly lease: Lease;
  readonly heartbeatMs: number;
  readonly leaseGraceMs: number;
  readonly maxQueued: number;
  readonly disconnectGraceMs: number;
  readonly definitions: ReadonlyMap<string, DefinitionSource>;
}

/** Somebody who reads the log of a run. */
export interface LogFollower {
  readonly runId: string;
  /** Resolves when all has been read, or nothing more is wanted. */
  whenOver(): Promise<void>;
}

/** What the parts of a manager share: its runs, and who of them comes next on each thread. */
export class RunDesk implements RunHost {
  readonly store: StoreAccess;
  readonly runs: ManagedRuns;
  readonly lease: Lease;
  readonly parts: DeskParts;
  readonly keeper: LeaseKeeper;
  /** The starts whose insert is under way, for a close to wait for. */
  readonly starting = new Starts();
  /** Runs that were stored when the manager was being closed already. */
  readonly late: OwnRun[] = [];
  /** See {@link doubt}. */
  readonly #doubtful = new Set<string>();
  readonly #own = new Map<string, OwnRun>();
  /** Those that have ended, but not yet in the store. */
  readonly #unstored = new Set<OwnRun>();
  /** The open runs of each thread, in their order. */
  readonly #threads = new Map<string, OwnRun[]>();
  readonly #dirty = new Set<RunLog>();
  /** Readers that wait for an event: a close lets them read to the end of their run. */
  readonly following = new Set<LogFollower>();
  readonly #closedListeners = new Set<() => void>();
  #flushTimer: NodeJS.Timeout | undefined;
  #isMending = false;
  #isClosing = false;
  #isClosed = false;
  readonly #again: (run: OwnRun) => Promise<void>;

  /** @param again what is tried again for a run that waits, beside its turn. */
  constructor(parts: DeskParts, again: (desk: RunDesk, run: OwnRun) => Promise<void>) {
    this.parts = parts;
    this.#again = (run) => again(this, run);
    ({ store: this.store, runs: this.runs, lease: this.lease } = parts);
    this.keeper = new LeaseKeeper({
      ...parts,
      runs: () => this.#own.values(),
      hasMore: () => this.#doubtful.size > 0,
      beaten: () => {
        void this.#mend();
      },
    });
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws {@link PipelineError} `MANAGER_CLOSED`. */
  requireOpen(): void {
    if (this.#isClosing) throw managerClosed();
  }

  /** Accepts no more starts. */
  beginClosing(): void {
    this.#isClosing = true;
  }

  /** Ends all that waits for something of other managers. */
  endClosing(): void {
    this.#isClosed = true;
    this.keeper.stop();
    clearTimeout(this.#flushTimer);
    for (const listener of [...this.#closedListeners]) listener();
  }

  /** Calls back once when the manager is closed; gives the function that stops listening. */
  onClosed(listener: () => void): () => void {
    this.#closedListeners.add(listener);
    return () => {
      this.#closedListeners.delete(listener);
    };
  }

  /**
   * A run as the store has it.
   *
   * @throws {@link PipelineError} `MANAGER_CLOSED`.
   */
  async lookUp(runId: string): Promise<RunRecord | undefined> {
    this.requireReadable();
    return await this.store.ask((to) => to.get(runId));
  }

  /** @throws {@link PipelineError} `MANAGER_CLOSED` once the store is closed. */
  requireReadable(): void {
    if (this.#isClosed) throw managerClosed();
  }

  /** A run that this manager executes or has queued, or whose end is not stored yet. */
  own(runId: string): OwnRun | undefined {
    return this.#own.get(runId);
  }

  /** All of them, also those that have ended but are not stored. */
  all(): OwnRun[] {
    return [...this.#own.values()];
  }

  /** The runs whose end could not be stored yet. */
  get unstored(): ReadonlySet<OwnRun> {
    return this.#unstored;
  }

  /** Takes a run that is stored; one that is stored as running begins, another one when it is its turn. */
  add(run: OwnRun): void {
    if (this.#isClosing) this.late.push(run);
    this.#own.set(run.record.runId, run);
    const thread = threadOf(run.record);
    if (thread !== undefined) {
      const key = threadKey(thread);
      const others = this.#threads.get(key);
      if (others === undefined) this.#threads.set(key, [run]);
      else others.push(run);
    }
    // A run that is stopped before it begins never works.
    if (this.#isClosing) void run.stop({ action: 'interrupt', reason: 'shutdown' });
    if (!run.isWaiting) run.begin();
    else if (thread !== undefined) this.callNext(thread);
    this.keeper.keep(run.isWaiting);
  }

  /** Lets the first run of a thread begin, if it waits and the store agrees that it is its turn. */
  callNext(thread: RunThread): void {
    const [first] = this.#threads.get(threadKey(thread)) ?? [];
    if (first?.isWaiting === true) void this.#call(thread, first);
  }

  flushSoon(log: RunLog): void {
    this.#dirty.add(log);
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = undefined;
      const logs = [...this.#dirty];
      this.#dirty.clear();
      for (const dirty of logs) void dirty.flush();
    }, FLUSH_MS).unref();
  }

  confirm(run: OwnRun): Promise<void> | undefined {
    return this.keeper.confirm(run);
  }

  ended(run: OwnRun, isStored: boolean): void {
    this.#dirty.delete(run.log);
    if (isStored) this.#own.delete(run.record.runId);
    else this.#unstored.add(run);
    this.#leaveThread(run);
  }

  lost(run: OwnRun): void {
    this.#own.delete(run.record.runId);
    this.#unstored.delete(run);
    this.#leaveThread(run);
  }

  /** Tries to store what is not stored; gives the runs that are left. */
  async storeRest(): Promise<void> {
    await Promise.all(
      Array.from(this.#unstored, async (run) => {
        if (!(await run.storeAgain())) return;
        this.#unstored.delete(run);
        this.#own.delete(run.record.runId);
      }),
    );
  }

  /** Remembers a start that was refused since the store had failed: it may have stored the run after all. */
  doubt(runId: string): void {
    this.#doubtful.add(runId);
    this.keeper.keep(false);
  }

  /** Writes a line to the runner's logger. */
  log(level: 'warn' | 'error', fields: Readonly<Record<string, unknown>>, message: string): void {
    quietly(this.runs.logger, level, fields, message);
  }

  /** The order of a thread is that of the store: answers may come in another one. Never rejects. */
  async #call(thread: RunThread, first: OwnRun): Promise<void> {
    if ((await first.tryBegin()) || !first.isWaiting) return;
    const { threadId, tenantId } = thread;
    const eldest = await this.store.ask((to) => to.active(threadId, tenantId), 1).catch(() => undefined);
    const run = eldest && this.own(eldest.runId);
    if (run === undefined || run === first || !run.isWaiting) return;
    const key = threadKey(thread);
    this.#threads.set(key, [run, ...(this.#threads.get(key) ?? []).filter((other) => other !== run)]);
    await run.tryBegin();
  }

  /** What was not possible earlier is tried again; one round at a time. */
  async #mend(): Promise<void> {
    if (this.#isMending || this.#isClosed) return;
    this.#isMending = true;
    try {
      await this.storeRest();
      for (const [first] of [...this.#threads.values()]) {
        const thread = first && threadOf(first.record);
        if (thread !== undefined) this.callNext(thread);
      }
      await Promise.all(
        this.all()
          .filter((run) => run.isWaiting)
          .map(this.#again),
      );
      for (const runId of this.#doubtful) await this.#endDoubtful(runId);
    } catch (error) {
      this.log('warn', { error }, 'the store of runs failed; what it missed is tried again');
    } finally {
      this.#isMending = false;
    }
  }

  /** Nobody executes such a run. */
  async #endDoubtful(runId: string): Promise<void> {
    const expected = { status: openStatuses, lease: this.lease };
    const changes = {
      status: 'interrupted',
      stopReason: 'shutdown',
      endedAt: this.runs.newClock().now(),
    } as const;
    await this.store.ask((to) => to.update(runId, expected, changes), 1);
    this.#doubtful.delete(runId);
  }

  #leaveThread(run: OwnRun): void {
    const thread = threadOf(run.record);
    if (thread === undefined) return;
    const key = threadKey(thread);
    const left = this.#threads.get(key)?.filter((other) => other !== run) ?? [];
    if (left.length === 0) this.#threads.delete(key);
    else this.#threads.set(key, left);
    this.callNext(thread);
  }
}

/** The error of what a closed manager is asked for. */
export function managerClosed(): PipelineError {
  return new PipelineError('MANAGER_CLOSED', {
    problem: 'The manager of runs is closed.',
    remedy: 'Ask another manager of the same store.',
  });
}
