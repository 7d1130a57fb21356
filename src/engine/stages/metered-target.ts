import type { PipelineContext } from '../../context/pipeline-context.js';
import type { NodeMeter } from '../../observability/node-meter.js';
import type { CalledCode } from './called-code.js';
import { TimedTarget } from './timed-target.js';

/** Stands before a node's code and measures its calls, of which a sample is timed: the loops need not know of it. */
export class MeteredTarget implements CalledCode {
  // Apart from the calls that are not timed, so that V8 can inline those.
  readonly #timed: TimedTarget;

  constructor(
    readonly code: CalledCode,
    private readonly meter: NodeMeter,
  ) {
    this.#timed = new TimedTarget(code, meter);
  }

  transform(item: unknown, view: PipelineContext): unknown {
    return (this.meter.isDue() ? this.#timed : this.code).transform(item, view);
  }

  write(item: unknown, view: PipelineContext): unknown {
    return (this.meter.isDue() ? this.#timed : this.code).write(item, view);
  }
}
