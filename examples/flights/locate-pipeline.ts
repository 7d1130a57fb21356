import {
  pipeline,
  TransformNode,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineDefinition,
} from 'heirline';
import { FlightError } from './flight-error.js';
import type { Leg } from './flight.js';
import { Airports, LocatedEnd } from './keys.js';

interface CodedLeg {
  readonly leg: Leg;
  readonly code: string;
}

/**
 * Finds the airport at one end of a flight.
 *
 * The same class serves both ends: which one is a parameter. What it needs it says in `requires`, so a parent
 * that does not pass it cannot even be built.
 */
@pipeline({ name: 'locate', requires: { parameters: [LocatedEnd], items: [Airports] } })
export class LocatePipeline implements PipelineDefinition<Leg, Leg> {
  define(builder: PipelineBuilder<Leg, Leg>): void {
    const input = builder.addCompositeInput();
    const code = builder.addTransform(readCode, { name: 'code', from: input });
    const lookUp = builder.addTransform(LookUpAirport, { name: 'look-up', from: code });
    builder.connect(lookUp, builder.addCompositeOutput());
  }
}

/** A node may be a function ... */
function readCode(leg: Leg, context: PipelineContext): CodedLeg {
  const end = context.parameters.require(LocatedEnd);
  const code = leg.flight[end];
  if (/^[0-9A-Z]{3}$/.test(code)) return { leg, code };
  throw new FlightError('AIRPORT_CODE_INVALID', `The ${end} '${code}' is no airport code.`);
}

/** ... or a class, which is given its context when it is made. */
class LookUpAirport extends TransformNode<CodedLeg, Leg> {
  readonly #airports;
  readonly #end;

  constructor(context: PipelineContext) {
    super();
    this.#airports = context.items.require(Airports);
    this.#end = context.parameters.require(LocatedEnd);
  }

  transform({ leg, code }: CodedLeg): Leg {
    const airport = this.#airports.find(code);
    if (airport === undefined) {
      throw new FlightError('AIRPORT_UNKNOWN', `No airport has the code ${code} of the ${this.#end}.`);
    }
    return { ...leg, [this.#end]: airport };
  }
}
