import { randomUUID } from 'node:crypto';
import type { DefinitionSource } from '../builder/blueprint.js';
import type { NoItem } from '../builder/builder-options.js';
import { managedRuns } from '../engine/pipeline-runner.js';
import type { RootDefinition } from '../engine/run-arguments.js';
import { checkOptions, rule } from '../errors/option-rules.js';
import { startRun, supersede } from './admission.js';
import type { CancelOptions } from './cancel-options.js';
import type { CancelOutcome } from './cancel-outcome.js';
import { closeManager } from './close-manager.js';
import type { CloseReport } from './close-manager.js';
import type { EventReaderOptions } from './event-reader.js';
import { capMemory, MemoryRunStore } from './memory-run-store.js';
import { RunDesk } from './run-desk.js';
import type { RunEvent } from './run-event.js';
import type { RunHandle, SubscribeOptions, Subscription } from './run-handle.js';
import { managerOptions } from './run-manager-options.js';
import type { RunManagerOptions } from './run-manager-options.js';
import { RunQueries } from './run-queries.js';
import type { ListOptions, PruneOptions } from './run-queries.js';
import type { RunRecord } from './run-record.js';
import { requireId } from './start-options.js';
import type { StartOptions } from './start-options.js';
import { StoreAccess } from './store-access.js';
import { Sweeper } from './sweeper.js';
import { TenantRuns } from './tenant-runs.js';
import type { WaitOptions } from './wait-for-run.js';

/** How a manager is closed. */
export interface CloseOptions {
  /** How long runs have to stop. Default 10,000 ms. */
  readonly timeoutMs?: number | undefined;
}

const DEFAULT_CLOSE_MS = 10_000;

/**
 * Knows which runs there are: admits, executes and cancels them, tells clients of them, and is truthful after a crash.
 *
 * At most one run of a thread runs at a time, also where several processes share a store. A run is executed outside of
 * the code that starts it: it outlives a request, and sees no async-local state of it but the trace and the ids.
 *
 * @example
 * {@includeCode ../../examples/api/run-manager.ts}
 */
export class RunManager {
  readonly #desk: RunDesk;
  readonly #sweeper: Sweeper;
  readonly #queries: RunQueries;
  #closing: Promise<CloseReport> | undefined;

  /** @throws {@link PipelineError} `OPTION_INVALID`. */
  constructor(options: RunManagerOptions = {}) {
    const { runner, memoryCap, ownerId, leaseMs, graceMs, ...given } = managerOptions(options);
    const { heartbeatMs, sweepMs, maxQueued, disconnectGraceMs, onRecovered } = given;
    const { store = new MemoryRunStore(), definitions } = given;
    capMemory(store, memoryCap);
    const parts = {
      store: new StoreAccess(store, heartbeatMs),
      runs: managedRuns(runner),
      // The label says who it is; the token says that it is this one.
      lease: Object.freeze({ token: randomUUID(), ownerId, ms: leaseMs }),
      heartbeatMs,
      leaseGraceMs: graceMs,
      maxQueued,
      disconnectGraceMs,
      definitions: new Map<string, DefinitionSource>(Object.entries(definitions)),
    };
    this.#desk = new RunDesk(parts, supersede);
    this.#sweeper = new Sweeper(this.#desk, { sweepMs, onRecovered });
    this.#queries = new RunQueries(this.#desk, undefined);
  }

  /**
   * Starts a run; resolves when it is stored, under every strategy, before it has ended or, where it waits, begun.
   *
   * @param definition a definition, or the name of one in the manager's `definitions`: only what was started by name
   * can wait through a restart.
   * A definition that cannot be built is a run that ends as `error`.
   *
   * @throws {@link PipelineError} before anything happens `OPTION_INVALID`, `STRATEGY_UNKNOWN`, `METADATA_INVALID`,
   * `DEFINITION_UNKNOWN`, `MANAGER_CLOSED`; `RUN_CONFLICT` where the thread has a run and the
   * strategy is `reject`, `QUEUE_FULL`, `IDEMPOTENCY_CONFLICT`, `STORE_UNAVAILABLE`.
   */
  start<TIn = NoItem, TOut = NoItem>(
    definition: RootDefinition<TIn, TOut> | string,
    options?: StartOptions,
  ): Promise<RunHandle>;
  start(definition: DefinitionSource | string, options: StartOptions = {}): Promise<RunHandle> {
    return startRun(this.#desk, definition, options);
  }

  /** The record of a run, or undefined. */
  get(runId: string): Promise<RunRecord | undefined> {
    return this.#queries.get(runId);
  }

  /**
   * Runs, newest first.
   *
   * @throws {@link PipelineError} `RUN_NOT_FOUND` where `before` is not there.
   */
  list(options: ListOptions = {}): Promise<readonly RunRecord[]> {
    return this.#queries.list(options);
  }

  /** Whether a thread (that is no tenant's) has a run that waits or runs. */
  hasActive(threadId: string): Promise<boolean> {
    return this.#queries.hasActive({ threadId });
  }

  /**
   * Cancels a run, also one of another process; answers before it has stopped.
   *
   * @throws {@link PipelineError} `ACTION_UNKNOWN` before anything happens.
   */
  async cancel(runId: string, options?: CancelOptions): Promise<CancelOutcome> {
    return await this.#queries.cancel(runId, options);
  }

  /**
   * Waits until a run has ended, also one of another process, and gives its record.
   *
   * @throws {@link PipelineError} `RUN_NOT_FOUND`, `MANAGER_CLOSED`; the reason of an aborted signal as it is.
   */
  async wait(runId: string, options: WaitOptions = {}): Promise<RunRecord> {
    return await this.#queries.wait(runId, options);
  }

  /**
   * The events of a run, also of one of another process; ends after `runEnded`. Reading it is never a client's
   * connection: that is {@link subscribe}.
   *
   * Iterating rejects with `RUN_NOT_FOUND`, with `MANAGER_CLOSED`, and with the reason of an aborted signal.
   *
   * @throws {@link PipelineError} `OPTION_INVALID`.
   */
  events(runId: string, options?: EventReaderOptions): AsyncIterableIterator<RunEvent> {
    return this.#queries.events(runId, options);
  }

  /**
   * The events of a run for a client: the first subscriber of a run that is executed here is the one whose leaving
   * counts.
   *
   * @throws {@link PipelineError} `RUN_NOT_FOUND`.
   */
  subscribe(runId: string, options?: SubscribeOptions): Promise<Subscription> {
    return this.#queries.subscribe(runId, options);
  }

  /** The session of a thread (that is no tenant's) as it was committed last. */
  session(threadId: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#queries.session({ threadId });
  }

  /** Removes ended runs with their events and idempotency keys, never sessions; gives how many. */
  prune(options: PruneOptions): Promise<number> {
    return this.#queries.prune(options);
  }

  /**
   * Removes all of a thread (that is no tenant's): runs, events, keys and the session; gives how many runs.
   *
   * @throws {@link PipelineError} `RUN_CONFLICT` while a run of the thread waits or runs.
   */
  forget(threadId: string): Promise<number> {
    return this.#queries.forget({ threadId });
  }

  /** The runs of one tenant, or with null those without a tenant. */
  forTenant(tenantId: string | null): TenantRuns {
    if (tenantId !== null) requireId('forTenant', tenantId);
    return new TenantRuns(this.#desk, tenantId);
  }

  /**
   * Takes over the runs of dead owners now, without waiting for the next sweep; gives those that were ended.
   *
   * @throws {@link PipelineError} `MANAGER_CLOSED`, `STORE_UNAVAILABLE`.
   */
  async recover(): Promise<RunRecord[]> {
    this.#desk.requireOpen();
    return [...(await this.#sweeper.sweep())];
  }

  /**
   * Accepts no more starts, cancels what runs and waits, waits until all of it is stored, and closes the store.
   *
   * Runs that wait and were started by name are left to other managers. A second call gives the same promise.
   */
  close(options: CloseOptions = {}): Promise<CloseReport> {
    checkOptions('close', options, { timeoutMs: rule.timer });
    const { timeoutMs = DEFAULT_CLOSE_MS } = options;
    return (this.#closing ??= closeManager(this.#desk, this.#sweeper, timeoutMs));
  }
}
