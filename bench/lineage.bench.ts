import { measurementOf } from './harness/report.js';
import type { Figure, Measurement, WorkloadReport } from './harness/report.js';
import { runBench } from './harness/run-bench.js';
import { lineage, withoutLineage, type followed } from './workloads/lineage.js';

/** What each way to follow items may add to one item. */
const goals: Readonly<Record<keyof typeof followed, { readonly ns: number; readonly bytes?: number }>> = {
  'a record for each item': { ns: 400, bytes: 600 },
  'a record for each node, too': { ns: 1500 },
  'a record for one item in 100': { ns: 6 },
};

await runBench({
  name: 'lineage',
  workloads: lineage,
  figures: (workloads) => Object.entries(goals).flatMap(([name, goal]) => addedBy(workloads, name, goal)),
});

/** What is added to the pipeline that nobody follows: of the times the least, since other processes only add to them. */
function addedBy(
  workloads: readonly WorkloadReport[],
  name: string,
  { ns, bytes }: { readonly ns: number; readonly bytes?: number },
): Figure[] {
  const of = (contender: string): Measurement => measurementOf(workloads, 'flat, 2 functions', contender);
  const [traced, plain] = [of(name), of(withoutLineage)];
  const value = Math.min(...traced.samples) - Math.min(...plain.samples);
  const time: Figure = { name: `${name}: added`, value, unit: 'ns', goal: ns };
  if (traced.bytesPerItem === null || plain.bytesPerItem === null) return [time];
  const allocated = traced.bytesPerItem - plain.bytesPerItem;
  return [time, { name: `${name}: allocated on top`, value: allocated, unit: 'bytes', goal: bytes }];
}
