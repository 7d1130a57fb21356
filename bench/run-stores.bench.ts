import { runBench } from './harness/run-bench.js';
import { admissionFigures, memoryFigures } from './workloads/admission.js';
import { managedRuns, overheadFigures } from './workloads/managed-runs.js';
import { measuredStores, storedRuns } from './workloads/run-stores.js';

const stores = await measuredStores();

await runBench({
  name: 'run-stores',
  workloads: () => [...stores.map(managedRuns), ...stores.map(storedRuns)],
  async figures(reports) {
    const figures = stores.flatMap((store) => overheadFigures(reports, store));
    for (const store of stores) figures.push(...(await admissionFigures(store)));
    figures.push(...(await memoryFigures()));
    return figures;
  },
});
// The pools of connections would keep the process.
process.exit();
