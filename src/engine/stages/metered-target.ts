import type { PipelineContext } from '../../context/pipeline-context.js';
import type { NodeMeter } from '../../observability/node-meter.js';
import type { CalledCode } from './called-code.js';

/** Stands before a node's code and measures its calls: the loops that call nodes need not know of it. */
export class MeteredTarget implements CalledCode {
  constructor(
    readonly code: CalledCode,
    private readonly meter: NodeMeter,
  ) {}

  transform(item: unknown, view: PipelineContext): unknown {
    return this.meter.isDue() ? this.#timeTransform(item, view) : this.code.transform(item, view);
  }

  write(item: unknown, view: PipelineContext): unknown {
    return this.meter.isDue() ? this.#timeWrite(item, view) : this.code.write(item, view);
  }

  // Apart from the call that is not timed, so that V8 can inline that one.

  #timeTransform(item: unknown, view: PipelineContext): unknown {
    return this.meter.time(() => this.code.transform(item, view));
  }

  #timeWrite(item: unknown, view: PipelineContext): unknown {
    return this.meter.time(() => this.code.write(item, view));
  }
}
