import { ignoreRejection, isThenable } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { printed } from '../ports/error-record.js';
import { policyInvalid } from './policy-invalid.js';

/** How long to wait before a retry. */
export interface Delay {
  /** The wait in milliseconds before the attempt of this number; the first retry is attempt 2. */
  beforeAttemptMs(attempt: number): number;
}

/**
 * The same wait before every retry, in milliseconds.
 *
 * @throws {@link PipelineError} `POLICY_INVALID` when the wait is negative or not a number.
 *
 * @example
 * {@includeCode ../../examples/api/error-policy.ts}
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

/**
 * How long a delay says to wait, in milliseconds; 0 without one.
 *
 * @throws {@link PipelineError} `POLICY_INVALID` when the delay throws, or gives anything but a finite number of 0 or more.
 */
export function waitBefore(delay: Delay | undefined, attempt: number, path: string | undefined): number {
  if (delay === undefined) return 0;
  let wait: unknown;
  try {
    wait = delay.beforeAttemptMs(attempt);
  } catch (cause) {
    throw policyInvalid(`The delay before attempt ${attempt} threw.`, path, { cause });
  }
  if (typeof wait === 'number' && Number.isFinite(wait) && wait >= 0) return wait;
  ignoreRejection(wait);
  const what = isThenable(wait) ? 'a promise' : `${printed(wait)} (${typeof wait})`;
  throw policyInvalid(`The delay before attempt ${attempt} gave ${what}, which is no wait.`, path);
}
