import type { RunRecord } from '../runs/run-record.js';
import type { InsertOptions, Lease, RunStore } from '../runs/run-store.js';

/** Runs and leases for one case, each with ids of its own, so that cases may share a database. */
export class StoreSamples {
  readonly #prefix = Math.random().toString(36).slice(2);
  #made = 0;

  constructor(readonly store: RunStore) {}

  /** An id that no other case uses. */
  id(name: string): string {
    this.#made += 1;
    return `${name}-${this.#prefix}-${String(this.#made)}`;
  }

  /** The lease of a new owner; for ten minutes, unless the case is about its end. */
  lease(ms = 600_000): Lease {
    return { token: this.id('token'), ownerId: 'owner', ms };
  }

  /** A record that can be inserted. */
  record(fields: Partial<RunRecord> = {}): RunRecord {
    return {
      runId: this.id('run'),
      pipelineName: 'Sample',
      status: 'running',
      strategy: 'enqueue',
      onDisconnect: 'continue',
      metadata: {},
      ownerId: 'nobody yet',
      createdAt: 1000,
      startedAt: 1001,
      cost: [],
      counts: {},
      ...fields,
    };
  }

  /** Inserts a record; gives it as it is stored. */
  insert(fields: Partial<RunRecord>, options: Partial<InsertOptions> = {}): Promise<RunRecord> {
    return this.store.insert(this.record(fields), { lease: this.lease(), ...options });
  }

  /** Ends a running run as a success. */
  end(runId: string, endedAt = 2000): Promise<RunRecord | undefined> {
    return this.store.update(runId, { status: ['running'] }, { status: 'success', endedAt });
  }
}

/** One thing that must be true of a store. */
export type StoreCase = (samples: StoreSamples) => Promise<void>;

/** Lets real time pass, which the times of leases go by. */
export function passMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
