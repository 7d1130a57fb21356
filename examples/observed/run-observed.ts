import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { context, trace } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import {
  buildPipeline,
  MemoryDeadLetterSink,
  MemoryLineageSink,
  MetricsObserver,
  observers,
  PipelineRunner,
  progressBar,
  toSvg,
  type MetricsSnapshot,
  type PipelineContextOptions,
  type PipelineGraph,
  type ProgressStream,
  type RunResult,
} from 'heirline';
import { openTelemetry } from 'heirline/otel';
import { AirportDirectory } from '../flights/airports.js';
import { NdjsonFile } from '../flights/ndjson-file.js';
import { ObservedPipeline } from './observed-pipeline.js';
import { SpanFile } from './span-file.js';

export interface ObservedRun {
  /** An existing folder that gets `flights.ndjson`, `flights.svg` and `trace.ndjson`. */
  readonly folder: string;
  readonly progress?: ProgressStream | undefined;
}

export interface ObservedOutcome {
  readonly graph: PipelineGraph;
  readonly result: RunResult;
  readonly metrics: MetricsSnapshot;
  readonly lineage: MemoryLineageSink;
}

const data = (file: string): string => fileURLToPath(new URL(`../data/${file}`, import.meta.url));

/** Runs the pipeline with all that can be seen of it: metrics, lineage, spans, progress, and a drawing with counts. */
export async function runObserved({ folder, progress }: ObservedRun): Promise<ObservedOutcome> {
  // Once per process; a BatchSpanProcessor with an exporter to a collector would stand in place of the file.
  const provider = new NodeTracerProvider({
    spanProcessors: [new SpanFile(join(folder, 'trace.ndjson'))],
  });
  provider.register();

  const flights = new NdjsonFile(join(folder, 'flights.ndjson'));
  const definition = new ObservedPipeline({
    flightsFile: data('flights-20k.json'),
    brokenFile: data('flights-broken.json'),
    records: 100,
    save: (flight) => flights.write(flight),
  });
  const metrics = new MetricsObserver();
  const lineage = new MemoryLineageSink();
  const options: PipelineContextOptions = {
    parameters: { tolerance: 0.01, scheduleUnit: 'miles' },
    items: { airports: await AirportDirectory.fromCsv(data('airports.csv')) },
    deadLetterSink: new MemoryDeadLetterSink(),
    lineageSink: lineage,
    executionObserver: observers(openTelemetry(), metrics, progress && progressBar(progress)),
    run: { runId: 'monday' },
  };

  const graph = buildPipeline(definition, options);
  const result = await new PipelineRunner().run(definition, options);
  await flights.flush();
  await writeFile(join(folder, 'flights.svg'), await toSvg(graph, { counts: result, keys: true }));
  await provider.shutdown();
  for (const api of [trace, context]) api.disable();
  return { graph, result, metrics: metrics.snapshot(), lineage };
}
