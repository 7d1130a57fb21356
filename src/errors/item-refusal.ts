import type { PipelineErrorCode } from './error-code.js';
import { PipelineError } from './pipeline-error.js';
import type { PipelineErrorDetails } from './pipeline-error.js';

/** Why the library's own code refuses one item. Thrown where the path is not known; the engine adds it. */
export class ItemRefusal extends Error {
  constructor(
    readonly code: PipelineErrorCode,
    private readonly details: Omit<PipelineErrorDetails, 'path'>,
  ) {
    super(details.problem);
  }

  /** The error that says where the item was refused. */
  at(path: string): PipelineError {
    return new PipelineError(this.code, { ...this.details, path });
  }
}
