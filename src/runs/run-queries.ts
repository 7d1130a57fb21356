import { checkOptions, invalidOption, rule } from '../errors/option-rules.js';
import { runNotFound } from '../errors/run-errors.js';
import { countRule } from '../run/spending/spending-rules.js';
import type { CancelOptions } from './cancel-options.js';
import { stopRequestOf } from './cancel-options.js';
import type { CancelOutcome } from './cancel-outcome.js';
import { cancelRun } from './cancel-run.js';
import type { EventReaderOptions } from './event-reader.js';
import type { EventReader } from './event-reader.js';
import type { RunDesk } from './run-desk.js';
import type { RunEvent } from './run-event.js';
import { readEvents, subscribeTo } from './run-handle.js';
import type { SubscribeOptions, Subscription } from './run-handle.js';
import type { RunRecord } from './run-record.js';
import { runStatuses } from './run-status.js';
import type { RunStatus } from './run-status.js';
import type { RunThread } from './run-store.js';
import { idRule, requireId } from './start-options.js';
import { decodeSession } from './thread-session.js';
import { waitForRun } from './wait-for-run.js';
import type { WaitOptions } from './wait-for-run.js';

/** Which runs are listed. */
export interface ListOptions {
  /** Only those of this thread. */
  readonly threadId?: string | undefined;
  /** Only those of this tenant, or with null those without one. Default: of all that the asker may see. */
  readonly tenantId?: string | null | undefined;
  /** Only those with this status, or one of these. */
  readonly status?: RunStatus | readonly RunStatus[] | undefined;
  /** How many at most. Default 100. */
  readonly limit?: number | undefined;
  /** Only those that were accepted before the run with this id: the next page. */
  readonly before?: string | undefined;
}

/** Which ended runs are removed: those that meet every condition given; one is needed. */
export interface PruneOptions {
  /** Those that ended before this moment, in milliseconds since the epoch. */
  readonly endedBefore?: number | undefined;
  /** Those that are not among the newest so many ended runs. */
  readonly keep?: number | undefined;
}

/** Whose runs an asker sees: those of a tenant, with null those without one, with undefined all. */
export type Seer = string | null | undefined;

const statusRule = (value: unknown): string | undefined =>
  (Array.isArray(value) ? value : [value]).every((status) => runStatuses.some((known) => known === status))
    ? undefined
    : `one of ${runStatuses.join(', ')}, or a list of them`;

/** What can be asked of runs and done to them, by somebody who sees those of one tenant, of none, or all. */
export class RunQueries {
  readonly #desk: RunDesk;
  readonly #seer: Seer;

  constructor(desk: RunDesk, seer: Seer) {
    this.#desk = desk;
    this.#seer = seer;
  }

  async get(runId: string): Promise<RunRecord | undefined> {
    requireId('get', runId);
    const record = this.#unstored(runId) ?? (await this.#desk.lookUp(runId));
    return record !== undefined && this.sees(record) ? record : undefined;
  }

  async list(options: ListOptions): Promise<readonly RunRecord[]> {
    checkOptions('list', options, {
      threadId: idRule,
      tenantId: (value) => (value === null ? undefined : idRule(value)),
      status: statusRule,
      limit: rule.positiveInteger,
      before: idRule,
    });
    const { threadId, tenantId = this.#seer, status, limit = 100, before } = options;
    if (this.#seer !== undefined && tenantId !== this.#seer)
      throw invalidOption('list', "'tenantId' must not be another tenant's");
    const statuses = status === undefined || Array.isArray(status) ? status : [status];
    this.#desk.requireReadable();
    const filter = {
      threadId,
      tenantId,
      status: statuses as readonly RunStatus[] | undefined,
      limit,
      before,
    };
    const found = await this.#desk.store.ask((to) => to.list(filter));
    const known = found.map((record) => this.#unstored(record.runId) ?? record);
    return Object.freeze(known.filter((record) => filter.status?.includes(record.status) ?? true));
  }

  cancel(runId: string, options: CancelOptions | undefined): Promise<CancelOutcome> {
    const request = stopRequestOf(options);
    requireId('cancel', runId);
    this.#desk.requireReadable();
    return cancelRun(this.#desk, runId, request, (record) => this.sees(record));
  }

  async hasActive(thread: RunThread): Promise<boolean> {
    requireId('hasActive', thread.threadId);
    this.#desk.requireReadable();
    return (await this.#desk.store.ask((to) => to.active(thread.threadId, thread.tenantId))) !== undefined;
  }

  wait(runId: string, options: WaitOptions): Promise<RunRecord> {
    requireId('wait', runId);
    return waitForRun(this.#desk, runId, options, (record) => this.sees(record));
  }

  events(runId: string, options: EventReaderOptions | undefined): AsyncIterableIterator<RunEvent> {
    requireId('events', runId);
    return this.#ifSeen(runId, readEvents(this.#desk, runId, options));
  }

  async subscribe(runId: string, options: SubscribeOptions | undefined): Promise<Subscription> {
    requireId('subscribe', runId);
    await this.#requireSeen(runId);
    return subscribeTo(this.#desk, runId, this.#desk.own(runId)?.clients, options);
  }

  async session(thread: RunThread): Promise<Readonly<Record<string, unknown>>> {
    requireId('session', thread.threadId);
    this.#desk.requireReadable();
    const { entries } = await this.#desk.store.ask((to) => to.loadSession(thread));
    return decodeSession(entries);
  }

  async prune(options: PruneOptions): Promise<number> {
    checkOptions('prune', options, {
      endedBefore: (value) => (Number.isFinite(value) ? undefined : 'milliseconds since the epoch'),
      keep: countRule,
    });
    const { endedBefore, keep } = options;
    if (endedBefore === undefined && keep === undefined)
      throw invalidOption('prune', "'endedBefore' or 'keep' must be given, else all would be removed");
    this.#desk.requireReadable();
    return await this.#desk.store.ask((to) => to.prune({ endedBefore, keep, tenantId: this.#seer }));
  }

  async forget(thread: RunThread): Promise<number> {
    requireId('forget', thread.threadId);
    this.#desk.requireReadable();
    return await this.#desk.store.ask((to) => to.forget(thread));
  }

  sees({ tenantId }: RunRecord): boolean {
    return this.#seer === undefined || (tenantId ?? null) === this.#seer;
  }

  /** An end that the store does not know yet. */
  #unstored(runId: string): RunRecord | undefined {
    const own = this.#desk.own(runId);
    return own !== undefined && this.#desk.unstored.has(own) ? own.record : undefined;
  }

  async #requireSeen(runId: string): Promise<void> {
    const record = this.#desk.own(runId)?.record ?? (await this.#desk.lookUp(runId));
    if (record === undefined || !this.sees(record)) throw runNotFound(runId);
  }

  /** Asked at the first step. */
  #ifSeen(runId: string, reader: EventReader): AsyncIterableIterator<RunEvent> {
    let asked: Promise<void> | undefined;
    const checked: AsyncIterableIterator<RunEvent> = {
      next: async () => {
        await (asked ??= this.#requireSeen(runId));
        return await reader.next();
      },
      return: () => reader.return(),
      [Symbol.asyncIterator]: () => checked,
    };
    return checked;
  }
}
