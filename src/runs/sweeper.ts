import type { JsonObject } from '../data/json-value.js';
import { endOrphan } from './cancel-run.js';
import { OwnRun } from './own-run.js';
import type { RunDesk } from './run-desk.js';
import type { RunRecord } from './run-record.js';
import { contextOfInput } from './start-context.js';
import type { StartContext } from './start-context.js';

/** How many runs a sweep takes over in one call. */
const PAGE = 100;

/** Smaller differences are the clocks' own. */
const LEAST_JUMP_MS = 100;

/** How a manager looks for runs whose owner has died. */
export interface Sweeping {
  readonly sweepMs: number;
  /** Told of the runs that a sweep has ended. */
  readonly onRecovered: ((records: readonly RunRecord[]) => unknown) | undefined;
}

/** Takes over the runs of dead owners: what waited by name is queued here, all else is ended. */
export class Sweeper {
  readonly #desk: RunDesk;
  readonly #sweeping: Sweeping;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #sweep: Promise<readonly RunRecord[]> | undefined;
  /** By how much the wall clock is ahead of the monotonic one. */
  #aheadMs = aheadMs();

  constructor(desk: RunDesk, sweeping: Sweeping) {
    this.#desk = desk;
    this.#sweeping = sweeping;
    this.#arm();
  }

  /** Sweeps now; gives the runs that were ended. */
  sweep(): Promise<readonly RunRecord[]> {
    return (this.#sweep ??= this.#take().finally(() => {
      this.#sweep = undefined;
    }));
  }

  /** Sweeps no more; resolves when none is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#sweep?.catch(() => undefined);
  }

  #arm(): void {
    this.#timer = setTimeout(() => {
      this.sweep()
        .catch((error: unknown) => {
          this.#desk.log('warn', { error }, 'a sweep for runs of dead owners failed');
        })
        .finally(() => {
          if (!this.#isStopped) this.#arm();
        });
    }, this.#sweeping.sweepMs).unref();
  }

  async #take(): Promise<readonly RunRecord[]> {
    const { leaseGraceMs: graceMs, definitions: known } = this.#desk.parts;
    // After a jump of the clock every lease looks as if it were over: living owners renew it first.
    const jumpedMs = Math.abs(aheadMs() - this.#aheadMs);
    this.#aheadMs = aheadMs();
    if (jumpedMs > Math.max(graceMs / 2, LEAST_JUMP_MS)) return [];
    const { store, lease } = this.#desk;
    const claim = { lease, graceMs, limit: PAGE, definitions: [...known.keys()] };
    const ended: RunRecord[] = [];
    for (;;) {
      const claimedAt = performance.now();
      const claimed = await store.ask((to) => to.claimExpired(claim));
      if (this.#isStopped) {
        await store.ask((to) =>
          to.renew(
            { ...lease, ms: 0 },
            claimed.map(({ runId }) => runId),
          ),
        );
        break;
      }
      for (const record of claimed) {
        if (await this.#adopt(record, claimedAt)) continue;
        const end = await endOrphan(this.#desk, record);
        if (end !== undefined) ended.push(end);
      }
      if (claimed.length < PAGE) break;
    }
    await this.#tellUnknown();
    if (ended.length > 0) void this.#tell(ended);
    return ended;
  }

  /** Queues a run that waits here, if this manager has its definition. */
  async #adopt(record: RunRecord, insertedAt: number): Promise<boolean> {
    const { runId, status, definition: name, cancelRequested } = record;
    const definition = name === undefined ? undefined : this.#desk.parts.definitions.get(name);
    if (status !== 'pending' || definition === undefined || cancelRequested !== undefined) return false;
    const input = await this.#desk.store.ask((to) => to.loadInput(runId));
    const context = input && readable(input);
    if (context === undefined) return false;
    const run = new OwnRun(this.#desk, record, { definition, context, insertedAt });
    this.#desk.add(run);
    return true;
  }

  /** A name that no manager has is a mistake of a deploy: it is said as long as it lasts. */
  async #tellUnknown(): Promise<void> {
    const pending = await this.#desk.store.ask((to) => to.list({ status: ['pending'], limit: PAGE }));
    const { leaseGraceMs, definitions } = this.#desk.parts;
    const now = Date.now();
    for (const { runId, definition, leaseExpiresAt = now } of pending) {
      if (definition === undefined || definitions.has(definition) || leaseExpiresAt + leaseGraceMs > now)
        continue;
      this.#desk.log('warn', { runId, definition }, 'a run waits whose definition no manager has');
    }
  }

  async #tell(records: readonly RunRecord[]): Promise<void> {
    try {
      await this.#sweeping.onRecovered?.(Object.freeze(records));
    } catch (error) {
      this.#desk.log('warn', { error }, 'onRecovered failed');
    }
  }
}

/** What a run starts with; undefined where that is damaged. */
function readable(input: JsonObject): StartContext | undefined {
  try {
    return contextOfInput(input);
  } catch {
    return undefined;
  }
}

function aheadMs(): number {
  return Date.now() - performance.now();
}
