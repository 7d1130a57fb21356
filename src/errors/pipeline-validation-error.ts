import type { PipelineErrorCode } from './error-code.js';
import { describeProblem, PipelineError } from './pipeline-error.js';

/** One thing that is wrong with a pipeline: what, where, and what to do about it. */
export interface ValidationProblem {
  /** What kind of problem it is; stable, unlike the message. */
  readonly code: PipelineErrorCode;
  /** The slash-separated address of the node or pipeline to mend, in a child too. */
  readonly path: string;
  /** The whole sentence with place and remedy, ready to be shown. */
  readonly message: string;
}

/** Makes a problem whose message ends in the remedy. */
export function validationProblem(
  code: PipelineErrorCode,
  path: string,
  problem: string,
  remedy: string,
): ValidationProblem {
  return Object.freeze({ code, path, message: describeProblem(code, { path, problem, remedy }) });
}

/** Thrown by `build` with every problem found, in the pipeline and in its children, at once. */
export class PipelineValidationError extends PipelineError {
  /** Every problem, in the order of the definition. */
  readonly errors: readonly ValidationProblem[];

  constructor(path: string, errors: readonly ValidationProblem[]) {
    const lines = errors.map((error) => `\n  - [${error.code}] ${error.message}`).join('');
    super('PIPELINE_VALIDATION_FAILED', {
      path,
      problem: `The pipeline has ${errors.length === 1 ? 'a problem' : `${errors.length} problems`}:${lines}\n`,
      remedy: 'Mend what each line proposes, then build again.',
    });
    this.errors = Object.freeze([...errors]);
  }

  static {
    this.prototype.name = 'PipelineValidationError';
  }
}
