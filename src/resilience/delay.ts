import { hasMethod, ignoreRejection, isThenable } from '../data/foreign-value.js';
import { optionProblems, rule } from '../errors/option-rules.js';
import type { OptionRule, OptionRules } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { printed } from '../ports/error-record.js';
import { policyInvalid } from './policy-invalid.js';

/** How long to wait before a retry. */
export interface Delay {
  /**
   * The wait in milliseconds before the attempt of this number; the first retry is attempt 2.
   *
   * @param previousMs the item's latest wait; undefined before its first retry.
   */
  beforeAttemptMs(attempt: number, previousMs?: number): number;
}

interface DelayFunctions {
  waitMs(attempt: number, error: unknown): number;
}

/**
 * Says how long to wait after a failed try, in milliseconds, 0 or more.
 *
 * Such as the `Retry-After` that an error carries.
 *
 * It answers at once. It gets the number of the try that failed, from 1, and what the node threw: annotate the error as
 * the rule's `on` chooses it.
 */
// As a method: then a function of a narrower error fits too.
export type DelayOf = DelayFunctions['waitMs'];

/**
 * How a wait is spread, so that what failed together does not come again together.
 *
 * Of a wait of `d`: `none` is `d`, `full` is anything from 0 to `d`, `equal` anything from `d / 2` to `d`. `decorrelated`
 * does not grow by number: it is anything from the first wait to three times the wait before.
 */
export type Jitter = 'none' | 'full' | 'equal' | 'decorrelated';

/** What waits that grow have in common. */
export interface GrowingDelayOptions {
  /** No wait is longer, in milliseconds; it is applied before the jitter. Default: 24 hours. */
  readonly maxMs?: number | undefined;
  /** Default `none`. */
  readonly jitter?: Jitter | undefined;
}

/** Options of {@link exponential}. */
export interface ExponentialDelayOptions extends GrowingDelayOptions {
  /** How many times longer each wait is than the one before; 1 or more. Default 2. */
  readonly factor?: number | undefined;
}

const DAY_MS = 24 * 60 * 60 * 1000;

const isWait: OptionRule = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0
    ? undefined
    : 'a number of milliseconds, 0 or more';

const growingRules: OptionRules = {
  maxMs: (value) => (value === Infinity ? undefined : isWait(value)),
  jitter: rule.oneOf('none', 'full', 'equal', 'decorrelated'),
};

const exponentialRules: OptionRules = {
  ...growingRules,
  factor: (value) =>
    typeof value === 'number' && Number.isFinite(value) && value >= 1 ? undefined : 'a number, 1 or more',
};

/**
 * The same wait before every retry, in milliseconds.
 *
 * @throws {@link PipelineError} `POLICY_INVALID` when the wait is negative or not a number.
 *
 * @example
 * {@includeCode ../../examples/api/error-policy.ts}
 */
export function fixed(ms: number): Delay {
  checkWait(ms, undefined, {});
  return Object.freeze({ beforeAttemptMs: () => ms });
}

/**
 * Waits that grow by the same time: `ms` before the first retry, then twice that, and so on.
 *
 * All tries of the item count, whichever rule asked for them.
 *
 * @throws {@link PipelineError} `POLICY_INVALID` for a negative wait or a wrong option.
 *
 * @example
 * {@includeCode ../../examples/api/delays.ts}
 */
export function linear(ms: number, options?: GrowingDelayOptions): Delay {
  checkWait(ms, options, growingRules);
  return growing(ms, options, (retry) => ms * retry);
}

/**
 * Waits that grow by a factor: `ms` before the first retry, then twice that, then four times.
 *
 * All tries of the item count, whichever rule asked for them.
 *
 * @throws {@link PipelineError} `POLICY_INVALID` for a negative wait or a wrong option.
 *
 * @example
 * {@includeCode ../../examples/api/delays.ts}
 */
export function exponential(ms: number, options?: ExponentialDelayOptions): Delay {
  checkWait(ms, options, exponentialRules);
  const factor = options?.factor ?? 2;
  // Of no wait at all any power is none, also one that is too large for a number.
  return growing(ms, options, (retry) => (ms === 0 ? 0 : ms * factor ** (retry - 1)));
}

/** @param wait the wait before the retry of this number, from 1. */
function growing(
  ms: number,
  options: GrowingDelayOptions | undefined,
  wait: (retry: number) => number,
): Delay {
  const { maxMs = DAY_MS, jitter = 'none' } = options ?? {};
  return Object.freeze({
    beforeAttemptMs: (attempt: number, previousMs = ms) =>
      jitter === 'decorrelated'
        ? Math.min(maxMs, between(ms, 3 * Math.max(previousMs, ms)))
        : spread(Math.min(maxMs, wait(attempt - 1)), jitter),
  });
}

function spread(ms: number, jitter: Exclude<Jitter, 'decorrelated'>): number {
  if (jitter === 'none') return ms;
  return between(jitter === 'full' ? 0 : ms / 2, ms);
}

function between(least: number, most: number): number {
  return least + Math.random() * (most - least);
}

function checkWait(ms: unknown, options: unknown, rules: OptionRules): void {
  const problems = isWait(ms) === undefined ? [] : [`A delay of ${printed(ms)} is no wait`];
  if (options !== undefined)
    problems.push(...optionProblems(options, rules).map((problem) => `wrong options: ${problem}`));
  if (problems.length === 0) return;
  throw new PipelineError('POLICY_INVALID', {
    problem: `${problems.join('; ')}.`.replace(/^w/, 'W'),
    remedy: isWait(ms) === undefined ? 'Correct the options named.' : 'Give milliseconds, 0 or more.',
  });
}

/**
 * How long a delay says to wait, in milliseconds; 0 without one.
 *
 * @param attempt the number of the try that comes.
 * @param error what the try before threw.
 * @param previousMs the item's latest wait.
 * @throws {@link PipelineError} `POLICY_INVALID` when the delay throws, or gives anything but a finite number of 0 or more.
 */
export function waitBefore(
  delay: Delay | DelayOf | undefined,
  attempt: number,
  path: string | undefined,
  error?: unknown,
  previousMs?: number,
): number {
  if (delay === undefined) return 0;
  let wait: unknown;
  try {
    wait =
      typeof delay === 'function' ? delay(attempt - 1, error) : delay.beforeAttemptMs(attempt, previousMs);
  } catch (cause) {
    throw policyInvalid(`The delay before attempt ${attempt} threw.`, path, { cause });
  }
  if (isWait(wait) === undefined) return wait as number;
  ignoreRejection(wait);
  throw policyInvalid(`The delay before attempt ${attempt} gave ${named(wait)}, which is no wait.`, path);
}

function named(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (hasMethod(value, 'beforeAttemptMs')) return 'a delay in place of milliseconds';
  return isThenable(value) ? 'a promise' : `${printed(value)} (${typeof value})`;
}
