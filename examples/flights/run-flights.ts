import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  buildPipeline,
  PipelineRunner,
  progressBar,
  type PipelineContextOptions,
  type PipelineGraph,
  type ProgressStream,
  type RunResult,
} from 'heirline';
import { AirportDirectory } from './airports.js';
import { DeadLetterFile, type DeadLetter } from './dead-letters.js';
import { FlightsPipeline } from './flights-pipeline.js';
import { Summary } from './keys.js';
import type { StateRow } from './state-table.js';

export interface FlightsOptions {
  /** An existing folder that gets `flights.ndjson`, `by-state.txt` and `dead-letters.ndjson`. */
  readonly folder: string;
  readonly progress?: ProgressStream | undefined;
}

export interface FlightsOutcome {
  readonly graph: PipelineGraph;
  readonly result: RunResult;
  readonly summary: readonly StateRow[];
  readonly deadLetters: readonly DeadLetter[];
}

const data = (file: string): string => fileURLToPath(new URL(`../data/${file}`, import.meta.url));

/** Runs the main job over the files in `examples/data`. */
export async function runFlights({ folder, progress }: FlightsOptions): Promise<FlightsOutcome> {
  const definition = new FlightsPipeline({
    flightsFile: data('flights-20k.json'),
    brokenFile: data('flights-broken.json'),
  });
  const deadLetters = new DeadLetterFile(join(folder, 'dead-letters.ndjson'));
  const context: PipelineContextOptions = {
    parameters: { tolerance: 0.01, scheduleUnit: 'miles', outputFolder: folder },
    items: { airports: await AirportDirectory.fromCsv(data('airports.csv')) },
    deadLetterSink: deadLetters,
    executionObserver: progress && progressBar(progress),
  };

  const graph = buildPipeline(definition, context);
  const result = await new PipelineRunner().run(definition, context);
  await deadLetters.flush();
  return {
    graph,
    result,
    summary: result.context.properties.require(Summary),
    deadLetters: deadLetters.letters,
  };
}
