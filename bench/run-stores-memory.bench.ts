import { runBench } from './harness/run-bench.js';
import { admissionFigures, memoryFigures } from './workloads/admission.js';
import { managedRuns, overheadFigures } from './workloads/managed-runs.js';
import { memoryStore, storedRuns } from './workloads/run-stores.js';

await runBench({
  name: 'run-stores-memory',
  workloads: () => [managedRuns(memoryStore), storedRuns(memoryStore)],
  async figures(reports) {
    return [
      ...overheadFigures(reports, memoryStore),
      ...(await admissionFigures(memoryStore)),
      ...(await memoryFigures()),
    ];
  },
});
// The beats of the managers may go on for a while.
process.exit();
