import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunStore } from 'heirline';
import { describe, expect, it } from 'vitest';
import { startChild } from './child-process.js';
import type { Child } from './child-process.js';
import type { StoreReport, StoreTask } from './store-process.js';

/** Where processes find a store, and what the test itself opens there. */
export interface SharedStore {
  readonly store: StoreTask['store'];
  readonly open: () => RunStore;
}

/** What must be true of a store that several processes use, one of which may die at any moment. */
export function describeProcesses(create: () => SharedStore | Promise<SharedStore>): void {
  describe('used by four processes', () => {
    it('admits one run per thread, and refuses all others', async () => {
      const { store } = await create();
      const children = await startAll({ store, task: 'admit', threads: 200 }, 4);
      const reports = await Promise.all(children.map(reportOf));
      expect(sum(reports, 'admitted')).toBe(200);
      expect(sum(reports, 'conflicts')).toBe(600);
      expect(reports.flatMap(({ failures }) => failures)).toEqual([]);
    }, 60_000);

    it('never has two active runs of a thread, and recovers those of processes that were killed', async () => {
      const { store, open } = await create();
      const shared = { store, threads: 3, leaseMs: 200, folder: newFolder() };
      const [hanging, working] = await Promise.all([
        startAll({ ...shared, task: 'hang', forMs: 50 }, 2),
        startAll({ ...shared, task: 'work', forMs: 1500 }, 2),
      ]);
      for (const child of hanging) {
        await child.line();
        child.process.kill('SIGKILL');
        await child.ended;
      }
      const reports = await Promise.all(working.map(reportOf));
      expect(sum(reports, 'met')).toBe(0);
      expect(reports.flatMap(({ failures }) => failures)).toEqual([]);
      expect(sum(reports, 'admitted')).toBeGreaterThan(20);
      const runs = open();
      expect(await runs.list({ status: ['pending', 'running'], limit: 10 })).toEqual([]);
      const recovered = await runs.list({ status: ['error'], limit: 100 });
      expect(recovered.length).toBeGreaterThanOrEqual(2);
      expect(new Set(recovered.map(({ stopReason }) => stopReason))).toEqual(new Set(['orphan_recovered']));
      await runs.close();
    }, 60_000);
  });
}

/** Processes that begin at once. */
async function startAll(
  task: Partial<StoreTask> & Pick<StoreTask, 'store'>,
  count: number,
): Promise<readonly Child[]> {
  const all = { folder: newFolder(), forMs: 0, leaseMs: 60_000, ...task };
  const children = Array.from({ length: count }, () =>
    startChild('./store-process.ts', [JSON.stringify(all)]),
  );
  await Promise.all(children.map((child) => child.line()));
  for (const child of children) child.process.stdin.write('go\n');
  return children;
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'heirline-threads-'));
}

async function reportOf(child: Child): Promise<StoreReport> {
  return JSON.parse(await child.line()) as StoreReport;
}

function sum(reports: readonly StoreReport[], name: 'admitted' | 'conflicts' | 'recovered' | 'met'): number {
  return reports.reduce((total, report) => total + report[name], 0);
}
