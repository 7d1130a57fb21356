/**
 * Tells which costs of heirline have gone over a limit: `npm run bench:guard`, or with `-- --strict` as a failure.
 *
 * Otherwise a report: it ends well unless it could not measure. Needs no other libraries.
 */
import { parseArgs } from 'node:util';
import type { BenchReport } from './harness/report.js';
import { limits } from './limits.js';
import { buildBenches } from './runner/build-benches.js';
import { alignColumns, goalText, rounded } from './runner/columns.js';
import { spawnBench } from './runner/spawn-bench.js';

const { strict } = parseArgs({ options: { strict: { type: 'boolean', default: false } } }).values;

/** What is allocated is measured in these benches, and workloads of them, only; elsewhere it would take most of the time. */
const allocationIn: Readonly<Record<string, string>> = {
  composite: 'composite, nothing inherited',
  'writing-child': 'composite, one context item set',
};
const TIMEOUT_MS = 120_000;

await buildBenches();
const reports = new Map<string, BenchReport>();
for (const bench of new Set(limits.map((limit) => limit.bench))) {
  const measured = allocationIn[bench];
  const allocation = measured === undefined ? ['--no-allocation'] : ['--allocation-in', measured];
  const args = ['--quick', '--no-peers', ...allocation];
  reports.set(bench, await spawnBench(bench, args, TIMEOUT_MS));
}

let over = 0;
const rows = limits.map(({ name, bench, read, limit, unit }) => {
  const report = reports.get(bench);
  const { value, goal } = report === undefined ? { value: Number.NaN } : read(report);
  if (value > limit) over += 1;
  const verdict = Number.isNaN(value) ? 'not measured' : value > limit ? 'over the limit' : 'ok';
  const wanted = goal === undefined ? '' : `goal ${goalText(goal)}`;
  return [name, rounded(value), `at most ${limit}`, unit, verdict, wanted];
});
console.log(alignColumns(rows, 'lrrlll'));
console.log(over === 0 ? 'All within their limits.' : `${over} over the limit.`);
if (strict && over > 0) process.exitCode = 1;
