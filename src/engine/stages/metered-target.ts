import type { PipelineContext } from '../../context/pipeline-context.js';
import type { NodeMeter } from '../../observability/node-meter.js';

/** The code of a transform or of a sink. */
interface CalledCode {
  transform(item: unknown, view: PipelineContext): unknown;
  write(item: unknown, view: PipelineContext): unknown;
}

/** Stands before a node's code and measures its calls: the loops that call nodes need not know of it. */
export class MeteredTarget implements CalledCode {
  readonly #code: CalledCode;

  constructor(
    code: object,
    private readonly meter: NodeMeter,
  ) {
    // The stage calls the method that the code has.
    this.#code = code as CalledCode;
  }

  /** The code of a node, whether it is measured or not; undefined where it could not be made. */
  static codeOf(target: object | undefined): object | undefined {
    return target instanceof MeteredTarget ? target.#code : target;
  }

  transform(item: unknown, view: PipelineContext): unknown {
    return this.meter.isDue() ? this.#timeTransform(item, view) : this.#code.transform(item, view);
  }

  write(item: unknown, view: PipelineContext): unknown {
    return this.meter.isDue() ? this.#timeWrite(item, view) : this.#code.write(item, view);
  }

  // Apart from the call that is not timed, so that V8 can inline that one.

  #timeTransform(item: unknown, view: PipelineContext): unknown {
    return this.meter.time(() => this.#code.transform(item, view));
  }

  #timeWrite(item: unknown, view: PipelineContext): unknown {
    return this.meter.time(() => this.#code.write(item, view));
  }
}
