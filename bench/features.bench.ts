import { numbersFor } from './harness/measure-times.js';
import type { Workload } from './harness/contender.js';
import { runBench } from './harness/run-bench.js';
import { features } from './workloads/features.js';

await runBench({
  name: 'features',
  async workloads() {
    const workloads = features();
    await mix(workloads);
    return workloads;
  },
});

/** Runs all pipelines once: else the first would be compiled as if there were no others, and look cheaper than it is. */
async function mix(workloads: readonly Workload[]): Promise<void> {
  const numbers = numbersFor(1_000);
  for (const { contenders } of workloads) for (const { prepare } of contenders) await prepare(numbers)();
}
