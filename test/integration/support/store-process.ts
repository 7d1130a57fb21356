import { once } from 'node:events';
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { PipelineError, type RunRecord, type RunStore } from 'heirline';
import { postgresRunStore } from 'heirline/postgres';
import { sqliteRunStore } from 'heirline/sqlite';

/** What a process is to do with a store that others use at the same time. */
export interface StoreTask {
  readonly store: { readonly path: string } | { readonly connectionString: string };
  /**
   * `admit`: starts one run on each thread. `work`: runs on the threads again and again, and recovers those of others.
   * `hang`: the same, until in the middle of a run it does nothing more.
   */
  readonly task: 'admit' | 'work' | 'hang';
  readonly threads: number;
  /** Where each run that is active has a file: two of one thread would meet there. */
  readonly folder: string;
  readonly forMs: number;
  readonly leaseMs: number;
}

/** What a process has seen, as one line of JSON. */
export interface StoreReport {
  readonly admitted: number;
  readonly conflicts: number;
  readonly recovered: number;
  /** Runs that met another one of their thread. */
  readonly met: number;
  readonly failures: readonly string[];
}

const {
  store: target,
  task,
  threads,
  folder,
  forMs,
  leaseMs,
} = JSON.parse(process.argv[2] ?? '') as StoreTask;
const store: RunStore = 'path' in target ? sqliteRunStore(target) : postgresRunStore(target);
const name = String(process.pid);
const lease = { token: name, ownerId: name, ms: leaseMs };
const report = { admitted: 0, conflicts: 0, recovered: 0, met: 0, failures: [] as string[] };
let made = 0;

// The database is open before all begin at once.
await store.get('none');
console.log('ready');
await once(createInterface({ input: process.stdin }), 'line');
await (task === 'admit' ? admit() : work());
await store.close();
console.log(JSON.stringify(report satisfies StoreReport));
process.exit();

/** Starts a run; undefined where the thread has one already. */
async function start(threadId: string): Promise<RunRecord | undefined> {
  made += 1;
  const run: RunRecord = {
    runId: `${name}-${String(made)}`,
    threadId,
    pipelineName: 'Sample',
    status: 'running',
    strategy: 'reject',
    onDisconnect: 'continue',
    metadata: {},
    ownerId: name,
    createdAt: Date.now(),
    cost: [],
    counts: {},
  };
  try {
    const stored = await store.insert(run, { lease });
    report.admitted += 1;
    return stored;
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'RUN_CONFLICT') report.conflicts += 1;
    else report.failures.push(String(error));
    return undefined;
  }
}

async function admit(): Promise<void> {
  for (let thread = 0; thread < threads; thread += 1) await start(`thread-${String(thread)}`);
}

async function work(): Promise<void> {
  const until = Date.now() + forMs;
  while (task === 'hang' || Date.now() < until) {
    const threadId = `thread-${String(Math.floor(Math.random() * threads))}`;
    const run = await start(threadId);
    if (run !== undefined) {
      enter(threadId);
      if (task === 'hang' && Date.now() > until) {
        console.log('in the middle');
        await new Promise(() => undefined);
      }
      await pause(2);
      leave(threadId);
      await store.update(
        run.runId,
        { status: ['running'], lease },
        { status: 'success', endedAt: Date.now() },
      );
    }
    await recover();
  }
}

async function recover(): Promise<void> {
  for (const { runId, threadId = '' } of await store.claimExpired({
    lease,
    graceMs: 50,
    limit: 10,
    definitions: [],
  })) {
    leave(threadId);
    report.recovered += 1;
    const end = { status: 'error', stopReason: 'orphan_recovered', endedAt: Date.now() } as const;
    await store.update(runId, { status: ['running'], lease }, end);
  }
}

function enter(threadId: string): void {
  try {
    closeSync(openSync(join(folder, threadId), 'wx'));
  } catch {
    report.met += 1;
  }
}

function leave(threadId: string): void {
  rmSync(join(folder, threadId), { force: true });
}
