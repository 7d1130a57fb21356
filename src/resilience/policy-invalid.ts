import { PipelineError } from '../errors/pipeline-error.js';

/** The error of a policy that gives no decision while a pipeline runs. */
export function policyInvalid(
  problem: string,
  path: string | undefined,
  more: { readonly cause?: unknown } = {},
): PipelineError {
  return new PipelineError('POLICY_INVALID', {
    path,
    problem,
    remedy:
      'Let predicates answer true or false, and delays a number of milliseconds, 0 or more, both at once and without throwing.',
    ...more,
  });
}
