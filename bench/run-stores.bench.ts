import { runBench } from './harness/run-bench.js';
import { admissionFigures } from './workloads/admission.js';
import { managedRuns, overheadFigures } from './workloads/managed-runs.js';
import { durableStores, storedRuns } from './workloads/run-stores.js';

const stores = await durableStores();

await runBench({
  name: 'run-stores',
  workloads: () => [...stores.map(managedRuns), ...stores.map(storedRuns)],
  async figures(reports) {
    const figures = stores.flatMap((store) => overheadFigures(reports, store));
    for (const store of stores) figures.push(...(await admissionFigures(store)));
    return figures;
  },
});
// The pools of connections would keep the process.
process.exit();
