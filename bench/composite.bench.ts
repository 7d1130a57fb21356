import { loadPeers } from './harness/load-peers.js';
import { measurementOf } from './harness/report.js';
import { runBench } from './harness/run-bench.js';
import { pairedRatio } from './harness/statistics.js';
import { composite } from './workloads/composite.js';

await runBench({
  name: 'composite',
  workloads: async (settings) =>
    composite(await loadPeers(settings, ['rxjs', 'effect', 'ix', 'async-generators', 'mastra'])),
  figures: (workloads) =>
    workloads.map(({ workload }) => {
      const [floor, nested, flat] = ['loop, await, AsyncLocalStorage.run', 'heirline', 'heirline, flat'].map(
        (contender) => measurementOf(workloads, workload, contender).samples,
      );
      const added = nested?.map((ns, round) => ns - (flat?.[round] ?? Number.NaN)) ?? [];
      return {
        name: `${workload}: what nesting adds to the flat pipeline`,
        value: pairedRatio(added, floor ?? []),
        unit: '× floor',
      };
    }),
});
