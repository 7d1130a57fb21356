import { nodeMajor } from './harness/goals.js';
import { loadPeers } from './harness/load-peers.js';
import { measurementOf } from './harness/report.js';
import type { Figure, WorkloadReport } from './harness/report.js';
import { runBench } from './harness/run-bench.js';
import { storageRunAlone, writingChild } from './workloads/writing-child.js';

const GOAL_BYTES = 420;
/** From here on AsyncLocalStorage.run alone takes about 1,000 bytes, whoever calls it. */
const FIRST_WITH_COSTLY_STORAGE = 24;

await runBench({
  name: 'writing-child',
  workloads: async (settings) =>
    writingChild(await loadPeers(settings, ['rxjs', 'effect', 'ix', 'async-generators'])),
  figures: bytes,
});

/** What an item takes in all: the parent's side, the child, its two nodes and the write. */
function bytes(workloads: readonly WorkloadReport[]): Figure[] {
  const workload = 'composite, one context item set';
  const { bytesPerItem: all } = measurementOf(workloads, workload, 'heirline');
  const { bytesPerItem: ambient } = measurementOf(workloads, workload, storageRunAlone);
  if (all === null || ambient === null) return [];
  const goalOfAll = nodeMajor < FIRST_WITH_COSTLY_STORAGE ? GOAL_BYTES : undefined;
  return [
    { name: 'heirline: a child with one write', value: all, unit: 'bytes', goal: goalOfAll },
    {
      name: 'heirline: a child with one write, without AsyncLocalStorage.run',
      value: all - ambient,
      unit: 'bytes',
      goal: GOAL_BYTES,
    },
  ];
}
