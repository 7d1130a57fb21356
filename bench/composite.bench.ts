import { loadPeers } from './harness/load-peers.js';
import { measurementOf } from './harness/report.js';
import type { Figure, WorkloadReport } from './harness/report.js';
import { runBench } from './harness/run-bench.js';
import { pairedRatio } from './harness/statistics.js';
import { composite } from './workloads/composite.js';

await runBench({
  name: 'composite',
  workloads: async (settings) =>
    composite(await loadPeers(settings, ['rxjs', 'effect', 'ix', 'async-generators', 'mastra'])),
  figures: (workloads) => workloads.flatMap(({ workload }) => figuresOf(workloads, workload)),
});

/** What a child per item costs on top of the same nodes without a child around them. */
function figuresOf(workloads: readonly WorkloadReport[], workload: string): Figure[] {
  const floor = measurementOf(workloads, workload, 'loop, await, AsyncLocalStorage.run');
  const nested = measurementOf(workloads, workload, 'heirline');
  const flat = measurementOf(workloads, workload, 'heirline, flat');
  const added = nested.samples.map((ns, round) => ns - (flat.samples[round] ?? Number.NaN));
  const time: Figure = {
    name: `${workload}: what nesting adds to the flat pipeline`,
    value: pairedRatio(added, floor.samples),
    unit: '× floor',
  };
  if (nested.bytesPerItem === null || flat.bytesPerItem === null) return [time];
  const name = `${workload}: what nesting allocates on top`;
  return [time, { name, value: nested.bytesPerItem - flat.bytesPerItem, unit: 'bytes' }];
}
