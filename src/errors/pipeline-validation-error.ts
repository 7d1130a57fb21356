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
  /** What the definition's own code threw, where that is the problem; not enumerable, like the cause of an error. */
  readonly cause?: unknown;
}

/** Freezes a problem, with the cause of an error that has one. */
export function makeProblem(
  problem: Pick<ValidationProblem, 'code' | 'path' | 'message'>,
  error?: { readonly cause?: unknown },
): ValidationProblem {
  const made: ValidationProblem = { ...problem };
  if (error !== undefined && 'cause' in error) Object.defineProperty(made, 'cause', { value: error.cause });
  return Object.freeze(made);
}

/** Makes a problem whose message ends in the remedy. */
export function validationProblem(
  code: PipelineErrorCode,
  path: string,
  problem: string,
  remedy: string,
): ValidationProblem {
  return makeProblem({ code, path, message: describeProblem(code, { path, problem, remedy }) });
}

/**
 * Thrown by `build` with every problem found, in the pipeline and in its children, at once.
 *
 * @example
 * {@includeCode ../../examples/api/pipeline-validation-error.ts}
 */
export class PipelineValidationError extends PipelineError {
  /** Every problem, in the order of the definition. */
  readonly errors: readonly ValidationProblem[];

  constructor(path: string, errors: readonly ValidationProblem[]) {
    const lines = errors.map((error) => `\n  - [${error.code}] ${error.message}`).join('');
    const causes = errors.filter((error) => 'cause' in error);
    super('PIPELINE_VALIDATION_FAILED', {
      path,
      // One cause is that of the whole; of several, each stands with its problem.
      ...(causes.length === 1 ? { cause: causes[0]?.cause } : {}),
      problem: `The pipeline has ${errors.length === 1 ? 'a problem' : `${errors.length} problems`}:${lines}\n`,
      remedy: 'Mend what each line proposes, then build again.',
    });
    this.errors = Object.freeze([...errors]);
  }

  static {
    this.prototype.name = 'PipelineValidationError';
  }
}
