import { measureHeapGrowth } from './harness/heap-growth.js';
import { measurementOf } from './harness/report.js';
import type { Figure, WorkloadReport } from './harness/report.js';
import { runBench } from './harness/run-bench.js';
import { depth, depthName, runAtDepth } from './workloads/depth.js';

const LONG_RUN = 10_000_000;
const depths = [0, 1, 3] as const;

await runBench({
  name: 'memory',
  workloads: () => depth([], depths).map((workload) => ({ ...workload, allocation: true })),
  async figures(workloads, { scale }) {
    const items = Math.round(LONG_RUN * scale);
    const figures = ['heirline', 'loop, await, AsyncLocalStorage.run'].map((contender) =>
      bytesPerLevel(workloads, contender),
    );
    figures.push(bytesPerPlainLevel(workloads));
    for (const levels of [1, 3]) figures.push(...(await longRun(items, levels)));
    return figures;
  },
});

/** What a level allocates on top of what the pipeline does without any. */
function bytesPerLevel(workloads: readonly WorkloadReport[], contender: string): Figure {
  const [none, , all] = depths.map(
    (levels) => measurementOf(workloads, depthName(levels), contender).bytesPerItem ?? Number.NaN,
  );
  const value = ((all ?? Number.NaN) - (none ?? Number.NaN)) / Math.max(...depths);
  return { name: `${contender}: a composite item, per level`, value, unit: 'bytes' };
}

/** What a level allocates that has nothing in it but the next: the child's context and execution. */
function bytesPerPlainLevel(workloads: readonly WorkloadReport[]): Figure {
  const contender = 'heirline, the node in the innermost level alone';
  const [, one, all] = depths.map(
    (levels) => measurementOf(workloads, depthName(levels), contender).bytesPerItem ?? Number.NaN,
  );
  const value = ((all ?? Number.NaN) - (one ?? Number.NaN)) / (Math.max(...depths) - 1);
  return { name: 'heirline: a composite item, per level without nodes', value, unit: 'bytes' };
}

async function longRun(items: number, levels: number): Promise<Figure[]> {
  const { growth, largest, nsPerItem } = await measureHeapGrowth(items, (source) =>
    runAtDepth(source, levels),
  );
  const name = `${items.toLocaleString('en')} items through ${levels} ${levels === 1 ? 'level' : 'levels'}`;
  return [
    { name: `${name}: growth of the heap`, value: growth / 1024, unit: 'kB' },
    { name: `${name}: largest heap`, value: largest / 1024, unit: 'kB' },
    { name: `${name}: an item`, value: nsPerItem, unit: 'ns' },
  ];
}
