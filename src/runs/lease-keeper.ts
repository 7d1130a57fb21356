import type { OwnRun } from './own-run.js';
import type { Lease } from './run-store.js';
import type { StoreAccess } from './store-access.js';

/** What a {@link LeaseKeeper} keeps, and with what. */
export interface LeaseKeeping {
  readonly store: StoreAccess;
  readonly lease: Lease;
  readonly heartbeatMs: number;
  /** The runs of the manager whose end is not stored yet. */
  readonly runs: () => Iterable<OwnRun>;
  /** Whether there is more to be tried again than runs. */
  readonly hasMore: () => boolean;
  /** Called after each beat: what waits for better times can be tried again. */
  readonly beaten: () => void;
}

/**
 * Renews the leases of a manager's runs, and takes the cancels that were requested for them.
 *
 * A run whose lease was not confirmed in time is given up before anybody else can claim it. Times are those of the
 * monotonic clock of the process; a process that was held up asks first.
 */
export class LeaseKeeper {
  readonly #keeping: LeaseKeeping;
  #beatTimer: NodeJS.Timeout | undefined;
  #expiryTimer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | undefined;
  /** When the latest beat began. */
  #begunMs = -Infinity;
  #isStopped = false;

  constructor(keeping: LeaseKeeping) {
    this.#keeping = keeping;
  }

  /**
   * Beats from now on, as long as there are runs.
   *
   * @param isWaiting whether one of them waits for its turn: until the next beat that keeps the process alive.
   */
  keep(isWaiting: boolean): void {
    if (this.#isStopped) return;
    this.#beatTimer ??= setTimeout(() => {
      this.#beatTimer = undefined;
      void this.beat();
    }, this.#keeping.heartbeatMs).unref();
    if (this.#expiryTimer === undefined) this.#watchExpiry();
    if (isWaiting) this.#beatTimer.ref();
  }

  /** Renews now; of several calls at once only one asks. Never rejects. */
  beat(): Promise<void> {
    return (this.#beating ??= this.#beat().finally(() => {
      this.#beating = undefined;
      this.#expire();
      this.#keeping.beaten();
      const runs = [...this.#keeping.runs()];
      if (runs.length > 0 || this.#keeping.hasMore()) this.keep(runs.some((run) => run.isWaiting));
    }));
  }

  /** Resolves once the lease of a run surely holds, or the run is given up; undefined where it holds anyway. */
  confirm(run: OwnRun): Promise<void> | undefined {
    return this.#dueMs(run) > performance.now() ? undefined : this.beat();
  }

  /** Calls all timers off. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#beatTimer);
    clearTimeout(this.#expiryTimer);
  }

  async #beat(): Promise<void> {
    const { store, lease, runs } = this.#keeping;
    const asked = new Map(Array.from(runs(), (run) => [run.record.runId, run] as const));
    const begunMs = (this.#begunMs = performance.now());
    try {
      const renewed = new Set(await store.ask((to) => to.renew(lease, [...asked.keys()]), 1));
      for (const [runId, run] of asked) {
        if (renewed.has(runId)) run.confirmedAt = begunMs;
        else if (run.isOpen) run.lose();
      }
      const cancels = await store.ask((to) => to.cancels(lease), 1);
      for (const { runId, ...request } of cancels) void asked.get(runId)?.stop(request, true);
    } catch {
      // The next beat asks again; what expires until then is given up.
    }
  }

  #dueMs({ confirmedAt }: OwnRun): number {
    return confirmedAt + this.#keeping.lease.ms;
  }

  #watchExpiry(): void {
    clearTimeout(this.#expiryTimer);
    this.#expiryTimer = undefined;
    const due = Array.from(this.#keeping.runs(), (run) => (run.needsLease ? this.#dueMs(run) : Infinity));
    const earliestMs = due.reduce((least, ms) => Math.min(least, ms), Infinity);
    if (earliestMs === Infinity || this.#isStopped) return;
    this.#expiryTimer = setTimeout(
      () => {
        this.#expire();
      },
      Math.max(0, earliestMs - performance.now()),
    ).unref();
  }

  /** Gives up the runs whose time is over, unless the process was held up: then the answer to a beat decides. */
  #expire(): void {
    const now = performance.now();
    for (const run of [...this.#keeping.runs()]) {
      const dueMs = this.#dueMs(run);
      if (!run.needsLease || dueMs > now) continue;
      const isAsking = this.#beating !== undefined && this.#begunMs >= dueMs;
      const hasAsked = this.#begunMs > run.confirmedAt;
      if (hasAsked && !isAsking) run.lose();
      else if (!hasAsked) void this.beat();
    }
    this.#watchExpiry();
  }
}
