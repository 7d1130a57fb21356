import type { PipelineContext } from '../../context/pipeline-context.js';
import type { NodeMeter } from '../../observability/node-meter.js';
import type { CalledCode } from './called-code.js';

/** Stands before a node's code and times each of its calls. */
export class TimedTarget implements CalledCode {
  constructor(
    readonly code: CalledCode,
    private readonly meter: NodeMeter,
  ) {}

  transform(item: unknown, view: PipelineContext): unknown {
    return this.meter.time(() => this.code.transform(item, view));
  }

  write(item: unknown, view: PipelineContext): unknown {
    return this.meter.time(() => this.code.write(item, view));
  }
}
