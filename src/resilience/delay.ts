import { printed } from '../ports/error-record.js';
import { PipelineError } from '../errors/pipeline-error.js';

/** How long to wait before a retry. */
export interface Delay {
  /** The wait in milliseconds before the attempt of this number; the first retry is attempt 2. */
  beforeAttemptMs(attempt: number): number;
}

/**
 * The same wait before every retry, in milliseconds.
 *
 * @throws {@link PipelineError} `POLICY_INVALID` when the wait is negative or not a number.
 */
export function fixed(ms: number): Delay {
  if (!(Number.isFinite(ms) && ms >= 0)) {
    throw new PipelineError('POLICY_INVALID', {
      problem: `A delay of ${printed(ms)} is no wait.`,
      remedy: 'Give milliseconds, 0 or more.',
    });
  }
  return Object.freeze({ beforeAttemptMs: () => ms });
}
