// A service fails, stalls, wants to be left alone and goes down. What becomes of 3,201 films that need it?
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explainFailure } from '../format/explain-failure.js';
import { report } from './report.js';
import { runEnrichment } from './run-enrichment.js';

await explainFailure(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heirline-enrichment-'));
  try {
    console.log(report(await runEnrichment(folder)));
  } finally {
    await rm(folder, { recursive: true });
  }
});
