import type { PipelineError } from '../errors/pipeline-error.js';
import type { ValidationProblem } from '../errors/pipeline-validation-error.js';

/** An error as one of the problems that are reported together. */
export function problemOfError(
  { code, message }: PipelineError,
  path: string,
  shown: string = message,
): ValidationProblem {
  return Object.freeze({ code, path, message: shown });
}
