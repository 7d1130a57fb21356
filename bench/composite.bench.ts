import { loadPeers } from './harness/load-peers.js';
import { measurementOf } from './harness/report.js';
import type { Figure, WorkloadReport } from './harness/report.js';
import { runBench } from './harness/run-bench.js';
import { median, pairedRatio } from './harness/statistics.js';
import { composite } from './workloads/composite.js';

await runBench({
  name: 'composite',
  workloads: async (settings) =>
    composite(await loadPeers(settings, ['rxjs', 'effect', 'ix', 'async-generators', 'mastra'])),
  figures: (workloads) => [
    ...workloads.flatMap(({ workload }) => figuresOf(workloads, workload)),
    ...partsOf(workloads),
  ],
});

/** What the parts of the floor cost: the reasons for most of what a framework costs. */
function partsOf(workloads: readonly WorkloadReport[]): Figure[] {
  const samplesOf = (contender: string): readonly number[] =>
    measurementOf(workloads, 'composite, nothing inherited', contender).samples;
  const added = (contender: string, to: string): number => {
    const before = samplesOf(to);
    return median(samplesOf(contender).map((ns, round) => ns - (before[round] ?? Number.NaN)));
  };
  return [
    { name: 'by hand: an async function, awaited', value: added('loop, await', 'loop'), unit: 'ns' },
    {
      name: 'by hand: AsyncLocalStorage.run around it',
      value: added('loop, await, AsyncLocalStorage.run', 'loop, await'),
      unit: 'ns',
    },
  ];
}

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
