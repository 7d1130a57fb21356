import type { PipelineError } from '../errors/pipeline-error.js';
import { makeProblem } from '../errors/pipeline-validation-error.js';
import type { ValidationProblem } from '../errors/pipeline-validation-error.js';

/** An error, with what has caused it, as one of the problems that are reported together. */
export function problemOfError(
  error: PipelineError,
  path: string,
  shown: string = error.message,
): ValidationProblem {
  return makeProblem({ code: error.code, path, message: shown }, error);
}
