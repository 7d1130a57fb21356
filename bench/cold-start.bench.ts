import { modulesOf, timeProcess } from './harness/cold-start.js';
import { measurePackage } from './harness/package-size.js';
import type { Figure } from './harness/report.js';
import { runBench } from './harness/run-bench.js';
import { median } from './harness/statistics.js';

const SPAWNS = 15;

await runBench({
  name: 'cold-start',
  workloads: () => [],
  figures: async () => [...(await times()), ...(await modules()), ...(await size())],
});

/** Starts both kinds of process in turns, so that what slows the machine down slows both down. */
async function times(): Promise<Figure[]> {
  const empty: number[] = [];
  const used: number[] = [];
  for (let spawn = 0; spawn < SPAWNS; spawn += 1) {
    empty.push(await timeProcess('empty'));
    used.push(await timeProcess('one-item'));
  }
  const added = used.map((ms, spawn) => ms - (empty[spawn] ?? Number.NaN));
  return [
    { name: 'an empty process', value: median(empty), unit: 'ms' },
    { name: 'a process with a pipeline of one item', value: median(used), unit: 'ms' },
    { name: 'added by heirline', value: median(added), unit: 'ms', goal: 25 },
  ];
}

async function modules(): Promise<Figure[]> {
  const nothing = new Set(await modulesOf('empty'));
  const loaded = (await modulesOf('one-item')).filter(
    (url) => !nothing.has(url) && !url.endsWith('one-item.js'),
  );
  const packageOf = (url: string): string | undefined =>
    /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  const packages = new Set(loaded.map(packageOf).filter((name) => name !== undefined));
  const own = loaded.filter((url) => packageOf(url) === undefined).length;
  return [
    { name: 'modules of heirline loaded', value: own, unit: '' },
    { name: 'other packages loaded', value: packages.size, unit: '', note: [...packages].sort().join(', ') },
  ];
}

async function size(): Promise<Figure[]> {
  const { bytes, bytesOfMaps, byFolder } = await measurePackage();
  const parts = [...byFolder].map(([folder, part]) => `${folder} ${Math.round(part / 1000)}`);
  return [
    { name: 'package, unpacked, no source maps', value: bytes / 1000, unit: 'kB', note: parts.join(', ') },
    { name: 'source maps', value: bytesOfMaps / 1000, unit: 'kB' },
  ];
}
