import type { LineageHop } from '../ports/lineage-sink.js';
import type { TracedPlace } from './traced-place.js';

/** One node on the way of an item. The hop of the records is made when one of them is written. */
export class Step {
  private known: LineageHop | undefined;

  constructor(
    readonly place: TracedPlace,
    private counted: number,
    private tries: number,
    readonly inputs: number,
  ) {}

  get outputs(): number {
    return this.counted;
  }

  get attempts(): number {
    return this.tries;
  }

  /** Notes what came of a composite, whose step is on the way before its child has ended. */
  conclude(outputs: number, attempts: number): void {
    this.counted = outputs;
    this.tries = attempts;
  }

  get hop(): LineageHop {
    return (this.known ??= this.#made());
  }

  #made(): LineageHop {
    const { place, inputs, outputs, attempts } = this;
    const { site, pipelineId, pipelineName } = place;
    return Object.freeze({
      nodeId: site.id,
      path: site.path,
      pipelineId,
      pipelineName,
      qualifiedName: `${pipelineName}::${site.id}`,
      inputs,
      outputs,
      cardinality: outputs === 0 ? 'zero' : outputs === 1 ? 'one' : 'many',
      attempts,
    });
  }
}
