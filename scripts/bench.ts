/**
 * Measures heirline beside hand-written loops and other libraries: `npm run bench -- [names] [--quick] [--json]`.
 *
 * Builds the files in `bench` and runs each in a process of its own. With `--json` standard output is JSON alone, with
 * `--markdown` it is the figures of `docs/performance.md`.
 */
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { peerVersions } from '../bench/harness/load-peers.js';
import type { BenchReport } from '../bench/harness/report.js';
import { benchFolder, benchNames, buildBenches } from '../bench/runner/build-benches.js';
import { formatMarkdown } from '../bench/runner/format-markdown.js';
import { formatReport } from '../bench/runner/format-report.js';
import { thisMachine } from '../bench/runner/machine.js';
import { spawnBench } from '../bench/runner/spawn-bench.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    'no-peers': { type: 'boolean', default: false },
    'no-allocation': { type: 'boolean', default: false },
  },
});

const existing = await benchNames();
const unknown = positionals.filter((name) => !existing.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. There are: ${existing.join(', ')}.`);
  process.exit(1);
}

const machine = thisMachine();
const peers = peerVersions(pathToFileURL(`${benchFolder}/`));
const isMissing = !options['no-peers'] && Object.values(peers).includes(null);
const isForReaders = !options.json && !options.markdown;
const say = (text: string): void => (isForReaders ? console.log(text) : undefined);

say(`Node ${machine.node}, ${machine.cpu}, ${machine.cores} cores`);
if (isMissing) console.error('Without other libraries; to install them: npm ci --prefix bench');

await buildBenches();
const passed = (['quick', 'no-peers', 'no-allocation'] as const).filter((name) => options[name]);
const reports: BenchReport[] = [];
for (const name of positionals.length === 0 ? existing : positionals) {
  const report = await spawnBench(
    name,
    passed.map((option) => `--${option}`),
  );
  say(`\n${formatReport(report)}`);
  reports.push(report);
}

const date = new Date();
if (options.json) {
  console.log(JSON.stringify({ date, machine, peers, quick: options.quick, benches: reports }, undefined, 2));
}
if (options.markdown) console.log(formatMarkdown({ date, machine, peers, reports }));
