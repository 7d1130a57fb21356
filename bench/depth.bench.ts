import { loadPeers } from './harness/load-peers.js';
import { measurementOf } from './harness/report.js';
import type { Figure, WorkloadReport } from './harness/report.js';
import { runBench } from './harness/run-bench.js';
import { fitLine, median } from './harness/statistics.js';
import { depth, depthName } from './workloads/depth.js';

const depths = [0, 1, 2, 3, 4, 5, 6, 7, 8];

await runBench({
  name: 'depth',
  workloads: async (settings) =>
    depth(await loadPeers(settings, ['rxjs', 'effect', 'ix', 'async-generators', 'mastra']), depths),
  figures: (workloads) =>
    ['loop, await, AsyncLocalStorage.run', 'heirline'].flatMap((contender) =>
      figuresOf(workloads, contender),
    ),
});

/** What a level costs, and how far the depths are off a straight line. */
function figuresOf(workloads: readonly WorkloadReport[], contender: string): Figure[] {
  const samplesAt = (levels: number): readonly number[] =>
    measurementOf(workloads, depthName(levels), contender).samples;
  const lines = samplesAt(1).map((_, round) =>
    fitLine(depths.slice(1).map((levels) => [levels, samplesAt(levels)[round] ?? Number.NaN])),
  );
  const slope = median(lines.map((line) => line.slope));
  const { slope: perLevel, intercept } = fitLine(
    depths.slice(1).map((levels) => [levels, median(samplesAt(levels))]),
  );
  const deviations = depths
    .slice(1)
    .map((levels) => Math.abs(median(samplesAt(levels)) / (intercept + perLevel * levels) - 1));
  const perLevelAt = (levels: number): readonly number[] =>
    samplesAt(levels).map((ns, round) => (ns - (samplesAt(0)[round] ?? Number.NaN)) / levels);
  const first = perLevelAt(1);
  return [
    { name: `${contender}: a level`, value: slope, unit: 'ns' },
    { name: `${contender}: furthest from a straight line`, value: Math.max(...deviations) * 100, unit: '%' },
    {
      name: `${contender}: a level of 8 to a level of 1`,
      value: median(perLevelAt(8).map((ns, round) => ns / (first[round] ?? Number.NaN))),
      unit: '×',
    },
  ];
}
