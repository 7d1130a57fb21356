import {
  CompositeContextConfiguration,
  pipeline,
  type PipelineBuilder,
  type PipelineDefinition,
} from 'heirline';
import { readFlight } from './flight-record.js';
import type { EnrichedFlight, Leg } from './flight.js';
import { LocatePipeline } from './locate-pipeline.js';
import { MeasurePipeline } from './measure-pipeline.js';

/**
 * Turns a record of unknown shape into a flight between two known places.
 *
 * A sub-pipeline made of sub-pipelines. Each of them gets what it requires and nothing else: `locate` gets the airports
 * but not the tolerance, `measure` the tolerance but not the airports. Their keys pass through here unnamed.
 */
@pipeline({ name: 'enrich' })
export class EnrichPipeline implements PipelineDefinition<unknown, EnrichedFlight> {
  define(builder: PipelineBuilder<unknown, EnrichedFlight>): void {
    const input = builder.addCompositeInput();
    const read = builder.addTransform((record): Leg => ({ flight: readFlight(record) }), {
      name: 'read',
      from: input,
    });
    const origin = builder.addComposite(LocatePipeline, {
      name: 'origin',
      from: read,
      contextConfiguration: CompositeContextConfiguration.required,
      with: { parameters: { end: 'origin' } },
    });
    const destination = builder.addComposite(LocatePipeline, {
      name: 'destination',
      from: origin,
      contextConfiguration: CompositeContextConfiguration.required,
      with: { parameters: { end: 'destination' } },
    });
    const measure = builder.addComposite(MeasurePipeline, {
      name: 'measure',
      from: destination,
      contextConfiguration: CompositeContextConfiguration.required,
    });
    builder.connect(measure, builder.addCompositeOutput());
  }
}
