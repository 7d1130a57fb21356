import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatMetrics } from 'heirline';
import { explainFailure } from '../format/explain-failure.js';
import { report } from './report.js';
import { runObserved } from './run-observed.js';

await explainFailure(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heirline-observed-'));
  const outcome = await runObserved({ folder, progress: process.stderr });

  // The report is the same in every run; how long each node took is not, and goes to stderr.
  console.log(await report(outcome, folder));
  console.error(`\n${formatMetrics(outcome.metrics)}\n\nthe files are in ${folder}`);
});
