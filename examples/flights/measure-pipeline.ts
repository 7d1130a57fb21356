import { pipeline, type PipelineBuilder, type PipelineContext, type PipelineDefinition } from 'heirline';
import { FlightError } from './flight-error.js';
import type { Airport, End, EnrichedFlight, Leg } from './flight.js';
import { greatCircle } from './great-circle.js';
import { DistanceUnit, Tolerance } from './keys.js';

/** Measures the way between the two airports and compares it with what the schedule states. */
@pipeline({ name: 'measure', requires: { parameters: [DistanceUnit, Tolerance] } })
export class MeasurePipeline implements PipelineDefinition<Leg, EnrichedFlight> {
  define(builder: PipelineBuilder<Leg, EnrichedFlight>): void {
    const input = builder.addCompositeInput();
    const distance = builder.addTransform(measure, { name: 'great-circle', from: input });
    const compare = builder.addTransform(refuseImplausible, { name: 'compare', from: distance });
    builder.connect(compare, builder.addCompositeOutput());
  }
}

function measure(leg: Leg, context: PipelineContext): EnrichedFlight {
  const { date, delay, distance } = leg.flight;
  const from = located(leg, 'origin');
  const to = located(leg, 'destination');
  if (from === to) throw new FlightError('SAME_AIRPORT', `The flight goes from ${from.code} to ${to.code}.`);
  const shortest = greatCircle(from, to, context.parameters.require(DistanceUnit));
  const deviation = Math.abs(distance - shortest) / shortest;
  return { date, delay, from, to, distance, greatCircle: shortest, deviation };
}

function refuseImplausible(flight: EnrichedFlight, context: PipelineContext): EnrichedFlight {
  if (flight.deviation <= context.parameters.require(Tolerance)) return flight;
  const { from, to, distance } = flight;
  const unit = context.parameters.require(DistanceUnit);
  throw new FlightError(
    'DISTANCE_IMPLAUSIBLE',
    `${from.code} to ${to.code} is ${flight.greatCircle.toFixed(1)} ${unit}, not ${distance}.`,
  );
}

function located(leg: Leg, end: End): Airport {
  const airport = leg[end];
  if (airport !== undefined) return airport;
  throw new FlightError('AIRPORT_NOT_LOCATED', `The ${end} ${leg.flight[end]} has not been located.`);
}
