import { optionProblems, rule } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { waitBefore } from './delay.js';
import type { Delay } from './delay.js';
import { matchesError } from './error-matcher.js';
import type { ErrorMatcher } from './error-matcher.js';

/** What ends a failed item's story. */
export type FinalDecision = 'fail' | 'skip' | 'deadLetter';

/** Tries an item again. */
export interface RetryOptions {
  /** All tries, the first included. */
  readonly attempts: number;
  /** The wait before each retry; it ends at once on a cancel. Default: none. */
  readonly delay?: Delay | undefined;
  /** What follows when all tries have failed. Default: `deadLetter` where a sink is in scope, else `fail`. */
  readonly exhausted?: FinalDecision | undefined;
}

/** One rule: which errors, and what then. A rule without `on` takes every error. */
export interface ErrorRule {
  /**
   * Which errors it takes. Default: every error, in the last rule only.
   *
   * A node's policy is asked with what the node threw; a composite's also with the error around it.
   */
  readonly on?: ErrorMatcher | undefined;
  /** What ends the item, or `retry`, which says what follows once all tries have failed. */
  readonly then: FinalDecision | { readonly retry: RetryOptions };
}

/** What a policy says about one failed try. */
export type Decision =
  | { readonly action: FinalDecision }
  | { readonly action: 'retry'; readonly delayMs: number }
  /** All tries have failed and nothing was said about that. */
  | { readonly action: 'exhausted' };

const finals: readonly FinalDecision[] = ['fail', 'skip', 'deadLetter'];

/** Whether something is a decision by its word alone. */
export function isFinalDecision(value: unknown): value is FinalDecision {
  return finals.some((final) => final === value);
}

/** What happens to items that fail: ordered rules, made by {@link errorPolicy}. */
export class ErrorPolicy {
  /** In the order of asking: the first that takes the error decides. */
  readonly rules: readonly ErrorRule[];

  /** @internal */
  constructor(rules: readonly ErrorRule[]) {
    this.rules = Object.freeze(rules.map(frozenRule));
    Object.freeze(this);
  }

  /** Whether any rule lets the run go on. */
  get canRecover(): boolean {
    return this.rules.some(({ then }) => then !== 'fail');
  }

  /** Whether any rule has an item tried again. */
  get canRetry(): boolean {
    return this.rules.some(({ then }) => typeof then !== 'string' && then.retry.attempts > 1);
  }

  /**
   * Decides about a failed try: the first rule that chooses the error.
   *
   * @param errors the error as it is seen from inside and, at a composite, from outside.
   * @param attempt the number of the try that failed, from 1.
   * @param path the node, for the error.
   * @throws {@link PipelineError} `POLICY_INVALID` when a predicate or a delay throws, or gives no answer at once.
   */
  decide(errors: readonly unknown[], attempt: number, path?: string): Decision {
    const chosen = this.rules.find(
      ({ on }) => on === undefined || errors.some((error) => matchesError(on, error, path)),
    );
    if (chosen === undefined) return { action: 'fail' };
    if (typeof chosen.then === 'string') return { action: chosen.then };
    const { attempts, delay, exhausted } = chosen.then.retry;
    if (attempt < attempts) return { action: 'retry', delayMs: waitBefore(delay, attempt + 1, path) };
    return { action: exhausted ?? 'exhausted' };
  }
}

/**
 * Makes a policy of ordered rules: the first that chooses the error decides; none means `fail`.
 *
 * `errorPolicy('skip')` and `errorPolicy('deadLetter')` take every error.
 *
 * @throws {@link PipelineError} `POLICY_INVALID` for a wrong rule, or for rules after one without `on`.
 *
 * @example
 * {@includeCode ../../examples/api/error-policy.ts}
 */
export function errorPolicy(first: ErrorRule | FinalDecision, ...more: readonly ErrorRule[]): ErrorPolicy {
  const rules = [typeof first === 'string' ? { then: first } : first, ...more];
  const problems = rules.flatMap((each, index) =>
    ruleProblems(each, index === rules.length - 1).map((problem) => `rule ${String(index + 1)}: ${problem}`),
  );
  if (problems.length > 0) {
    throw new PipelineError('POLICY_INVALID', {
      problem: `The error policy is wrong: ${problems.join('; ')}.`,
      remedy: 'Correct the rules named.',
    });
  }
  return new ErrorPolicy(rules);
}

/** A copy that what the caller changes later cannot reach. */
function frozenRule({ on, then }: ErrorRule): ErrorRule {
  const copied = typeof then === 'string' ? then : Object.freeze({ retry: Object.freeze({ ...then.retry }) });
  return Object.freeze({ on, then: copied });
}

const isMatcher = (value: unknown): string | undefined =>
  typeof value === 'function' || (typeof value === 'string' && value !== '')
    ? undefined
    : 'an error class, a code or a predicate';

const isDecision = (value: unknown): string | undefined => {
  if (isFinalDecision(value)) return undefined;
  const hasRetry =
    typeof value === 'object' && value !== null && 'retry' in value && Object.keys(value).length === 1;
  return hasRetry ? undefined : "'fail', 'skip', 'deadLetter' or { retry: { attempts, ... } }";
};

function ruleProblems(candidate: Partial<ErrorRule>, isLast: boolean): string[] {
  const problems = optionProblems(candidate, { on: isMatcher, then: isDecision });
  if (problems.length > 0) return problems;
  const { then } = candidate;
  if (then === undefined) return ["'then' is missing"];
  if (candidate.on === undefined && !isLast)
    return ['it takes every error, so the rules after it never decide'];
  if (typeof then === 'string') return [];
  const retry: Partial<RetryOptions> = then.retry;
  const wrong = optionProblems(retry, {
    attempts: rule.positiveInteger,
    delay: rule.having('beforeAttemptMs'),
    exhausted: rule.oneOf(...finals),
  });
  return wrong.length === 0 && retry.attempts === undefined ? ["'retry.attempts' is missing"] : wrong;
}
