import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explainFailure } from '../format/explain-failure.js';
import { report } from './report.js';
import { runFlights } from './run-flights.js';

await explainFailure(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heirline-flights-'));
  const outcome = await runFlights({ folder, progress: process.stderr });

  // The report is the same in every run; where the files are and how long it took is not, and goes to stderr.
  console.log(report(outcome));
  console.error(
    `\nfinished in ${(outcome.result.durationMs / 1000).toFixed(2)} s; the files are in ${folder}`,
  );
});
