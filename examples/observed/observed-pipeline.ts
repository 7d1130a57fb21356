import { trace } from '@opentelemetry/api';
import { errorPolicy, pipeline, type PipelineBuilder, type PipelineDefinition } from 'heirline';
import { EnrichPipeline } from '../flights/enrich-pipeline.js';
import { FlightError } from '../flights/flight-error.js';
import type { EnrichedFlight } from '../flights/flight.js';
import { Airports, ScheduleUnit, Tolerance } from '../flights/keys.js';
import { jsonRecords } from '../flights/sources.js';

/** Where records are read from, one file after the other, and what takes the flights. */
export interface ObservedOptions {
  readonly flightsFile: string;
  readonly brokenFile: string;
  /** How many records of the first file are taken. */
  readonly records: number;
  readonly save: (flight: EnrichedFlight) => unknown;
}

/** Flights as in `examples/flights`, but the observer is told of every node, at every level. */
@pipeline({
  name: 'observed',
  requires: { parameters: [Tolerance, ScheduleUnit], items: [Airports] },
})
export class ObservedPipeline implements PipelineDefinition {
  readonly #options: ObservedOptions;

  constructor(options: ObservedOptions) {
    this.#options = options;
  }

  define(builder: PipelineBuilder): void {
    const { flightsFile, brokenFile, records, save } = this.#options;
    const [schedule, broken] = [jsonRecords(flightsFile), jsonRecords(brokenFile)];
    const read = async () => [...(await schedule()).slice(0, records), ...(await broken())];
    const enrich = builder.addComposite(EnrichPipeline, {
      name: 'enrich',
      from: builder.addSource(read, 'records'),
      contextConfiguration: {
        inheritParentParameters: { required: true, rename: { unit: ScheduleUnit } },
        inheritParentItems: 'required',
      },
      errorPolicy: errorPolicy({ on: FlightError, then: 'deadLetter' }),
    });
    // A span of the code's own: it lies below the node in whose code it is made.
    const write = (flight: EnrichedFlight): unknown =>
      trace.getTracer('examples').startActiveSpan('save flight', async (span) => {
        await save(flight);
        span.end();
      });
    builder.addSink(write, { name: 'file', from: enrich });
  }
}
