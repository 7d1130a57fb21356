import type { PipelineContext } from '../../context/pipeline-context.js';

/** The code of a transform or of a sink: its stage calls the method that there is. */
export interface CalledCode {
  transform(item: unknown, view: PipelineContext): unknown;
  write(item: unknown, view: PipelineContext): unknown;
}
