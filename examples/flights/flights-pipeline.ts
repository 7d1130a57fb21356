import { errorPolicy, pipeline, type PipelineBuilder, type PipelineDefinition } from 'heirline';
import { EnrichPipeline } from './enrich-pipeline.js';
import { FlightError } from './flight-error.js';
import { FlightFile } from './flight-file.js';
import { Airports, OutputFolder, ScheduleUnit, Tolerance } from './keys.js';
import { jsonRecords } from './sources.js';
import { StateSummary } from './state-summary.js';

/** Where the two sources read from. */
export interface FlightSources {
  readonly flightsFile: string;
  readonly brokenFile: string;
}

/** The main job: two sources, one composite that runs a whole pipeline per flight, two sinks. */
@pipeline({
  name: 'flights',
  requires: { parameters: [Tolerance, ScheduleUnit, OutputFolder], items: [Airports] },
})
export class FlightsPipeline implements PipelineDefinition {
  readonly #sources: FlightSources;

  constructor(sources: FlightSources) {
    this.#sources = sources;
  }

  define(builder: PipelineBuilder): void {
    const schedule = builder.addSource(jsonRecords(this.#sources.flightsFile), 'schedule');
    const broken = builder.addSource(jsonRecords(this.#sources.brokenFile), 'broken');

    const enrich = builder.addComposite(EnrichPipeline, {
      name: 'enrich',
      contextConfiguration: {
        inheritParentParameters: { required: true, rename: { unit: ScheduleUnit } },
        inheritParentItems: 'required',
        inheritExecutionObserver: false, // observers hear of flights, not of the nodes inside
      },
      errorPolicy: errorPolicy({ on: FlightError, then: 'deadLetter' }), // anything else is a bug, and fails the run
    });

    const byState = builder.addSink(StateSummary, 'by-state');
    const file = builder.addSink(FlightFile, 'file');

    builder.connect(schedule, enrich).connect(broken, enrich);
    builder.connect(enrich, byState).connect(enrich, file);
  }
}
