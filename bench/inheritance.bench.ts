import { measurementOf } from './harness/report.js';
import { runBench } from './harness/run-bench.js';
import { inheritedRead } from './workloads/inherited-read.js';
import { inheritance, inheritanceNames, keyCounts, keysName } from './workloads/inheritance.js';

await runBench({
  name: 'inheritance',
  workloads: () => [...inheritance(), inheritedRead],
  figures: (workloads) =>
    Object.values(inheritanceNames).map((workload) => ({
      name: `${workload}: furthest from no keys at all`,
      value: Math.max(
        ...keyCounts.map(
          (keys) => Math.abs(measurementOf(workloads, workload, keysName(keys)).ratioToFloor - 1) * 100,
        ),
      ),
      unit: '%',
    })),
});
