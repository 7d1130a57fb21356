import { measurementOf } from './harness/report.js';
import type { Figure, WorkloadReport } from './harness/report.js';
import { runBench } from './harness/run-bench.js';
import { inheritedRead } from './workloads/inherited-read.js';
import { inheritance, inheritanceNames, keyCounts, keysName } from './workloads/inheritance.js';

await runBench({
  name: 'inheritance',
  workloads: () => [...inheritance(), inheritedRead],
  figures: (workloads) => Object.values(inheritanceNames).map((workload) => spread(workloads, workload)),
});

/**
 * How much more the most expensive number of keys costs than the cheapest.
 *
 * The goal is 10%, whoever is the cheapest: also while the parent writes, many keys must cost no more than none, and
 * none no more than many.
 */
function spread(workloads: readonly WorkloadReport[], workload: string): Figure {
  const byCost = keyCounts
    .map((keys) => ({ keys, ratio: measurementOf(workloads, workload, keysName(keys)).ratioToFloor }))
    .sort((one, other) => one.ratio - other.ratio);
  const [least, most] = [byCost[0], byCost.at(-1)];
  if (least === undefined || most === undefined) throw new Error(`Nobody does the work of '${workload}'`);
  return {
    name: `${workload}: numbers of keys, furthest apart`,
    value: (most.ratio / least.ratio - 1) * 100,
    unit: '%',
    goal: 10,
    note: `${keysName(least.keys)} cost least, ${keysName(most.keys)} most`,
  };
}
