import type { DefinitionSource } from '../builder/blueprint.js';
import type { RootContext } from '../context/root-context.js';
import type { ManagedRuns } from '../engine/managed-runs.js';
import type { RunResult } from '../engine/execution/run-result.js';
import { leaseLost } from '../errors/run-errors.js';
import type { Clock } from '../ports/clock.js';
import type { ErrorRecord } from '../ports/error-record.js';
import type { CancelOutcome } from './cancel-outcome.js';
import { outcomeOf } from './cancel-outcome.js';
import { Later } from './later.js';
import type { ManagedRunResult } from './managed-result.js';
import { carryResult, managedResult } from './managed-result.js';
import { OwnEnd } from './own-end.js';
import { endBySettling, endByStopping, isInterrupting, kindOf, settledResult } from './run-end.js';
import type { RunEnd, SettledRun } from './run-end.js';
import { runEndedOf } from './run-event.js';
import type { StoredRunEvent } from './run-event.js';
import { RunLog } from './run-log.js';
import type { CancelRequest, RunRecord } from './run-record.js';
import { RunClients } from './run-clients.js';
import { openStatuses } from './run-status.js';
import type { Lease, RunThread } from './run-store.js';
import { threadOf } from './run-thread.js';
import { openContext } from './start-context.js';
import type { StartContext } from './start-context.js';
import type { StoreAccess } from './store-access.js';
import { ThreadSession } from './thread-session.js';

/** What a run needs of the manager that owns it. */
export interface RunHost {
  readonly store: StoreAccess;
  readonly runs: ManagedRuns;
  readonly lease: Lease;
  flushSoon(log: RunLog): void;
  /** Resolves once the run's lease surely holds; at once unless the process was held up. */
  confirm(run: OwnRun): Promise<void> | undefined;
  /** The run has ended; `isAllStored` says whether the store has its end and its log. */
  ended(run: OwnRun, isAllStored: boolean): void;
  /** The run belongs to somebody else, or is gone. */
  lost(run: OwnRun): void;
}

/** How a run is stopped: a request, and words for people. */
export interface StopRequest extends CancelRequest {
  readonly message?: string | undefined;
}

/** `waiting`, `beginning`: pending in the store. `ending`: the work is over, the end is being stored. */
type Phase = 'waiting' | 'beginning' | 'running' | 'ending' | 'ended';

/** A run that this manager executes, or has queued: the one place where its status changes. */
export class OwnRun {
  readonly log: RunLog;
  readonly clients = new RunClients(() => {
    if (this.#record.onDisconnect === 'cancel')
      void this.stop({ action: 'interrupt', reason: 'disconnect', message: 'its client has gone' });
  });
  /** When its lease was confirmed last, on the monotonic clock of the process: the beginning of that call. */
  confirmedAt: number;
  readonly #host: RunHost;
  readonly #definition: DefinitionSource;
  readonly #clock: Clock;
  readonly #context: StartContext;
  readonly #result = new Later<ManagedRunResult>();
  /** Made when somebody waits for the end. */
  #ended: Later<RunRecord> | undefined;
  #record: RunRecord;
  #phase: Phase;
  #stop: StopRequest | undefined;
  #root: RootContext | undefined;
  #end: OwnEnd | undefined;
  #isLost = false;
  /** Kept where it is unknown whether the change to `running` was stored. */
  #startedAt: number | undefined;

  constructor(
    host: RunHost,
    record: RunRecord,
    start: {
      readonly definition: DefinitionSource;
      readonly context: StartContext;
      readonly insertedAt: number;
    },
  ) {
    this.#host = host;
    this.#record = record;
    this.#definition = start.definition;
    this.#clock = host.runs.newClock();
    this.#context = start.context;
    this.confirmedAt = start.insertedAt;
    this.#phase = record.status === 'running' ? 'running' : 'waiting';
    this.log = new RunLog({
      flushSoon: (log) => {
        host.flushSoon(log);
      },
      write: (events) => this.#write(events),
    });
  }

  /** What is known of it here: the latest record that was stored, or its end that could not be stored yet. */
  get record(): RunRecord {
    return this.#record;
  }

  get result(): Promise<ManagedRunResult> {
    return this.#result.promise;
  }

  /** Resolves with the record when it has ended, or belongs to somebody else. */
  get ended(): Promise<RunRecord> {
    if (this.#phase === 'ended') return Promise.resolve(this.#record);
    return (this.#ended ??= new Later<RunRecord>()).promise;
  }

  get isWaiting(): boolean {
    return this.#phase === 'waiting' || this.#phase === 'beginning';
  }

  /** Whether it must have a lease that holds: also while its end is not stored. */
  get needsLease(): boolean {
    return this.isOpen || (!this.#isLost && this.#end?.isStored === false);
  }

  /** Whether it is ours, and its work has not ended. */
  get isOpen(): boolean {
    return !this.#isLost && this.#phase !== 'ending' && this.#phase !== 'ended';
  }

  /** Whether it was stopped because the manager is closed. */
  get wasShutDown(): boolean {
    return this.#stop?.reason === 'shutdown' && this.#record.status === 'interrupted';
  }

  /** Begins a run that is stored as running. */
  begin(): void {
    this.#execute();
  }

  /** Begins a run that waits, if it is its turn; tells whether it has begun. */
  async tryBegin(): Promise<boolean> {
    if (this.#phase !== 'waiting') return false;
    this.#phase = 'beginning';
    const startedAt = (this.#startedAt ??= this.#clock.now());
    const { store, lease } = this.#host;
    const { runId } = this.#record;
    try {
      await this.#host.confirm(this);
      const changes = { status: 'running', startedAt } as const;
      const begun = await store.ask((to) => to.update(runId, { status: ['pending'], lease }, changes));
      this.#startedAt = undefined;
      if (begun !== undefined) {
        this.#record = begun;
        this.#execute();
        return true;
      }
      const stored = await store.ask((to) => to.get(runId));
      if (stored?.status !== 'pending') this.lose();
      else if (stored.cancelRequested !== undefined) this.#stop ??= stored.cancelRequested;
    } catch {
      // The next beat tries again.
    }
    if (this.#isLost) return false;
    this.#phase = 'waiting';
    if (this.#stop !== undefined) this.#conclude({});
    return false;
  }

  /**
   * Stops the run; answers before it has stopped.
   *
   * @param isRecorded whether the store knows the request already.
   */
  stop(request: StopRequest, isRecorded = false): CancelOutcome | Promise<CancelOutcome> {
    if (this.#phase === 'ended') return outcomeOf(this.#record);
    if (this.#stop !== undefined) return 'cancelled';
    if (this.#phase === 'ending') return this.ended.then(outcomeOf);
    const reason = this.#root?.frame.scope.reason;
    // Ended by a failure of its own, or by a cancel of this kind: the record will say.
    if (reason?.kind === 'failure') return this.ended.then(outcomeOf);
    if (reason !== undefined) return isInterrupting(reason.kind) ? 'cancelled' : 'not_cancellable';
    this.#stop = request;
    if (!isRecorded) void this.#recordStop(request);
    const { message } = request;
    this.#root?.frame.scope.cancel({ kind: kindOf[request.reason], message }, this.#record.pipelineName);
    if (this.#phase === 'waiting') this.#conclude({});
    return 'cancelled';
  }

  /** Ends the run in the store though its work has not ended: nobody waits for that any longer. */
  abandon(): void {
    if (this.#phase === 'running' && this.#stop !== undefined) this.#conclude({});
  }

  /** The run is somebody else's: its work is stopped, and nothing more of it is written. */
  lose(): void {
    if (!this.needsLease) return;
    this.#isLost = true;
    this.#host.lost(this);
    this.log.drop();
    const reason = { kind: 'failure', message: 'the lease of the run was lost' } as const;
    this.#root?.frame.scope.cancel(reason, this.#record.pipelineName);
    if (this.#phase !== 'running' && this.#phase !== 'ending') void this.#endLost({});
  }

  /** Gives up a run that waits: another manager may begin it. */
  release(error: Error): void {
    this.#isLost = true;
    this.#phase = 'ended';
    this.log.drop();
    this.#result.reject(error);
    this.#ended?.resolve(this.#record);
  }

  /** Tries again to store an end that could not be stored; tells whether that is settled. */
  async storeAgain(): Promise<boolean> {
    const end = this.#end;
    if (end === undefined || end.isStored) return await this.log.flush();
    const settled = end.isHopeless ? undefined : await end.store(1);
    if (settled === undefined) return false;
    if (settled === 'lost') {
      this.lose();
      return true;
    }
    this.#record = settled;
    return end.isLogged || (await this.log.end(runEndedOf(settled)));
  }

  #execute(): void {
    this.#phase = 'running';
    this.log.begin({ type: 'runStarted', at: this.#record.startedAt ?? this.#record.createdAt });
    const thread = threadOf(this.#record);
    const confirmed = this.#host.confirm(this);
    if (confirmed === undefined && thread === undefined) this.#work();
    else void this.#prepare(confirmed, thread);
  }

  /** What a run waits for before its work: that its lease surely holds, and the session of its thread. */
  async #prepare(confirmed: Promise<void> | undefined, thread: RunThread | undefined): Promise<void> {
    let session: ThreadSession | undefined;
    try {
      if (confirmed !== undefined) await confirmed;
      if (thread !== undefined)
        session = new ThreadSession(await this.#host.store.ask((to) => to.loadSession(thread)));
    } catch (error) {
      this.#conclude({ error });
      return;
    }
    this.#work(session);
  }

  #work(session?: ThreadSession): void {
    if (this.#stop !== undefined || this.#isLost) {
      this.#conclude({}, session);
      return;
    }
    let work: Promise<RunResult>;
    try {
      const { template, said } = openContext(this.#context, this.#record.runId, session?.state);
      work = this.#host.runs.run(this.#definition, template, {
        observer: this.log.observer(),
        said,
        opened: (root) => (this.#root = root),
      });
    } catch (error) {
      this.#conclude({ error }, session);
      return;
    }
    work.then(
      (result) => {
        this.#conclude({ result }, session);
      },
      (error: unknown) => {
        this.#conclude({ error }, session);
      },
    );
  }

  /** Decides how the run ends, and stores it; of several calls only the first counts. */
  #conclude(settled: SettledRun, session?: ThreadSession): void {
    if (this.#phase === 'ending' || this.#phase === 'ended') return;
    if (this.#isLost) {
      void this.#endLost(settled);
      return;
    }
    const wasWaiting = this.#phase === 'waiting';
    this.#phase = 'ending';
    const end = new OwnEnd(this.#host, this.#record, this.#decide(settled), {
      session,
      log: this.log,
      statuses: wasWaiting ? openStatuses : ['running'],
      isOurs: () => !this.#isLost,
      interrupted: ({ reason }) => this.#interrupted(settled, { reason }),
    });
    this.#end = end;
    void end.store().then((stored) => {
      if (stored === 'lost') this.lose();
      if (stored === 'lost' || (stored === undefined && !this.needsLease)) {
        void this.#endLost(settled);
        return;
      }
      this.#record = stored ?? end.unstoredRecord();
      if (stored === undefined) this.#finish(end.end, false, false);
      else if (end.isLogged) this.#finish(end.end, true, true);
      else
        // First the status, then the end event: that the status is stored is known here.
        void this.log.end(runEndedOf(stored)).then((isLogged) => {
          this.#finish(end.end, true, isLogged);
        });
    });
  }

  #decide(settled: SettledRun): RunEnd {
    if (this.#stop !== undefined) return this.#interrupted(settled, this.#stop);
    const redactor = this.#root?.frame.services.run.redactor;
    return endBySettling({
      settled,
      reason: this.#root?.frame.scope.reason?.kind,
      endedAt: this.#clock.now(),
      redact: (record: ErrorRecord) => redactor?.data(record) ?? record,
    });
  }

  #interrupted(settled: SettledRun, { reason, message }: Pick<StopRequest, 'reason' | 'message'>): RunEnd {
    const facts = { settled, endedAt: this.#clock.now() };
    return endByStopping(facts, { stopReason: reason, message, path: this.#record.pipelineName });
  }

  #finish({ failure, result }: RunEnd, isStored: boolean, isLogged: boolean): void {
    this.#phase = 'ended';
    this.#root = undefined;
    this.clients.end();
    this.#host.ended(this, isLogged);
    this.#ended?.resolve(this.#record);
    if (failure === undefined && result !== undefined) {
      this.#result.resolve(managedResult(result, isStored));
      return;
    }
    carryResult(failure, result, isStored);
    this.#result.reject(failure);
  }

  async #endLost(settled: SettledRun): Promise<void> {
    const { runId } = this.#record;
    const stored = await this.#host.store.ask((to) => to.get(runId), 1).catch(() => undefined);
    if (stored !== undefined) this.#record = stored;
    this.#phase = 'ended';
    this.#root = undefined;
    this.#ended?.resolve(this.#record);
    const error = leaseLost(runId);
    carryResult(error, settledResult(settled), false);
    this.#result.reject(error);
  }

  /** The owner stops its own run first, and records then; the first request in the store stays. */
  async #recordStop(request: CancelRequest): Promise<void> {
    const { runId } = this.#record;
    try {
      const stored = await this.#host.store.ask((to) => to.requestCancel(runId, request), 1);
      if (stored?.cancelRequested !== undefined && this.#stop === request)
        this.#stop = stored.cancelRequested;
    } catch {
      // Its end will say it.
    }
  }

  #write(events: readonly StoredRunEvent[]): Promise<void> {
    const { store, lease } = this.#host;
    const { runId } = this.#record;
    return store.ask(
      (to) => to.appendEvents(runId, events, { lease }),
      undefined,
      () => !this.#isLost,
    );
  }
}
