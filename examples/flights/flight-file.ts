import { join } from 'node:path';
import { SinkNode, type PipelineContext } from 'heirline';
import type { EnrichedFlight } from './flight.js';
import { OutputFolder } from './keys.js';
import { NdjsonFile } from './ndjson-file.js';

/** Writes the enriched flights to `flights.ndjson` in the output folder. */
export class FlightFile extends SinkNode<EnrichedFlight> {
  readonly #file: NdjsonFile;

  constructor(context: PipelineContext) {
    super();
    this.#file = new NdjsonFile(join(context.parameters.require(OutputFolder), 'flights.ndjson'));
  }

  write(flight: EnrichedFlight): Promise<void> | undefined {
    const { date, delay, from, to, distance } = flight;
    const greatCircle = Number(flight.greatCircle.toFixed(1));
    const deviation = Number(flight.deviation.toFixed(5));
    return this.#file.write({ date, delay, from, to, distance, greatCircle, deviation });
  }

  /** Called once, however the run ends. */
  override flush(): Promise<void> {
    return this.#file.flush();
  }
}
