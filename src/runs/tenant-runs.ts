import type { DefinitionSource } from '../builder/blueprint.js';
import type { NoItem } from '../builder/builder-options.js';
import type { RootDefinition } from '../engine/run-arguments.js';
import { currentContext } from '../context/ambient-context.js';
import { invalidOption } from '../errors/option-rules.js';
import { startRun } from './admission.js';
import type { CancelOptions } from './cancel-options.js';
import type { CancelOutcome } from './cancel-outcome.js';
import type { EventReaderOptions } from './event-reader.js';
import type { RunDesk } from './run-desk.js';
import type { RunEvent } from './run-event.js';
import type { RunHandle, SubscribeOptions, Subscription } from './run-handle.js';
import { RunQueries } from './run-queries.js';
import type { ListOptions, PruneOptions } from './run-queries.js';
import type { RunRecord } from './run-record.js';
import type { RunThread } from './run-store.js';
import type { StartOptions } from './start-options.js';
import type { WaitOptions } from './wait-for-run.js';

/**
 * The runs of one tenant, or those without a tenant: starts, shows and cancels these, and knows nothing of others.
 *
 * Made by {@link RunManager.forTenant}; the methods are those of the manager.
 *
 * @example
 * {@includeCode ../../examples/api/tenant-runs.ts}
 */
export class TenantRuns {
  readonly #desk: RunDesk;
  readonly #tenantId: string | null;
  readonly #queries: RunQueries;

  /** @hidden */
  constructor(desk: RunDesk, tenantId: string | null) {
    this.#desk = desk;
    this.#tenantId = tenantId;
    this.#queries = new RunQueries(desk, tenantId);
  }

  /**
   * Starts a run of the tenant; see {@link RunManager.start}.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` also where a run without a tenant is started inside of a run of one.
   */
  start<TIn = NoItem, TOut = NoItem>(
    definition: RootDefinition<TIn, TOut> | string,
    options?: Omit<StartOptions, 'tenantId'>,
  ): Promise<RunHandle>;
  async start(definition: DefinitionSource | string, options: StartOptions = {}): Promise<RunHandle> {
    if (options.tenantId !== undefined && options.tenantId !== this.#tenantId)
      throw invalidOption('start', "'tenantId' must not be another tenant's");
    // A start that names no tenant takes that of the run around it.
    if (this.#tenantId === null && currentContext()?.run.tenantId !== undefined)
      throw invalidOption(
        'start',
        'a run without a tenant begins inside of a run of one in runDetached only',
      );
    return await startRun(this.#desk, definition, { ...options, tenantId: this.#tenantId ?? undefined });
  }

  /** The record of a run of the tenant; undefined also for those of others. */
  get(runId: string): Promise<RunRecord | undefined> {
    return this.#queries.get(runId);
  }

  /** The runs of the tenant, newest first; see {@link RunManager.list}. */
  list(options: Omit<ListOptions, 'tenantId'> = {}): Promise<readonly RunRecord[]> {
    return this.#queries.list(options);
  }

  /** Cancels a run of the tenant; `unknown` for those of others. */
  async cancel(runId: string, options?: CancelOptions): Promise<CancelOutcome> {
    return await this.#queries.cancel(runId, options);
  }

  /** Whether the tenant's thread has a run that waits or runs. */
  hasActive(threadId: string): Promise<boolean> {
    return this.#queries.hasActive(this.#thread(threadId));
  }

  /** Waits for the end of a run of the tenant; see {@link RunManager.wait}. */
  async wait(runId: string, options: WaitOptions = {}): Promise<RunRecord> {
    return await this.#queries.wait(runId, options);
  }

  /** The events of a run of the tenant; see {@link RunManager.events}. */
  events(runId: string, options?: EventReaderOptions): AsyncIterableIterator<RunEvent> {
    return this.#queries.events(runId, options);
  }

  /** The events of a run of the tenant for a client; see {@link RunManager.subscribe}. */
  subscribe(runId: string, options?: SubscribeOptions): Promise<Subscription> {
    return this.#queries.subscribe(runId, options);
  }

  /** The session of the tenant's thread; see {@link RunManager.session}. */
  session(threadId: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#queries.session(this.#thread(threadId));
  }

  /** Removes ended runs of the tenant; see {@link RunManager.prune}. */
  prune(options: PruneOptions): Promise<number> {
    return this.#queries.prune(options);
  }

  /** Removes all of the tenant's thread; see {@link RunManager.forget}. */
  forget(threadId: string): Promise<number> {
    return this.#queries.forget(this.#thread(threadId));
  }

  #thread(threadId: string): RunThread {
    return { threadId, tenantId: this.#tenantId ?? undefined };
  }
}
