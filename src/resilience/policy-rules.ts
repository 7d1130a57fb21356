import { hasMethod } from '../data/foreign-value.js';
import { canHoldOptions, optionProblems, rule } from '../errors/option-rules.js';
import type { OptionRule } from '../errors/option-rules.js';
import { exponential, fixed, linear } from './delay.js';
import { matcherRule } from './error-matcher.js';
import type { ErrorRule, FinalDecision, RetryOptions } from './error-rule.js';
import { fallbackRule } from './fallback.js';

/** Every {@link FinalDecision}, written down here only. */
const finals = ['fail', 'skip', 'deadLetter', 'collect'] as const satisfies readonly FinalDecision[];

/** The decisions, for a message. */
export const finalWords = finals.map((word) => `'${word}'`).join(', ');

/** Whether something is a decision by its word alone. */
export function isFinalDecision(value: unknown): value is FinalDecision {
  return finals.some((final) => final === value);
}

/** Whether something is an object with just this one property. */
function hasOnly(value: unknown, name: string): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && name in value && Object.keys(value).length === 1;
}

const isDecision: OptionRule = (value) =>
  isFinalDecision(value) || hasOnly(value, 'retry') || hasOnly(value, 'fallback')
    ? undefined
    : `${finalWords}, { retry: { attempts, ... } } or { fallback }`;

const isExhausted: OptionRule = (value) =>
  isFinalDecision(value) || hasOnly(value, 'fallback') ? undefined : `${finalWords} or { fallback }`;

/** What makes a delay is no delay itself: a call is missing. */
const isDelay: OptionRule = (value) =>
  (typeof value === 'function' && ![fixed, linear, exponential].some((makes) => makes === value)) ||
  hasMethod(value, 'beforeAttemptMs')
    ? undefined
    : 'a delay such as fixed(100), or a function that gives milliseconds';

const retryRules = {
  attempts: (value: unknown) => (value === Infinity ? undefined : rule.positiveInteger(value)),
  withinMs: rule.positiveMilliseconds,
  delay: isDelay,
  before: rule.callable,
  exhausted: isExhausted,
};

/** What is wrong with one rule of a policy, as phrases. */
export function ruleProblems(candidate: unknown, isLast: boolean): string[] {
  if (!canHoldOptions(candidate))
    return ["a rule such as { on: SomeError, then: 'skip' } was expected, each as an argument of its own"];
  const problems = optionProblems(candidate, { on: matcherRule, then: isDecision });
  if (problems.length > 0) return problems;
  const { on, then } = candidate as Partial<ErrorRule<unknown>>;
  if (then === undefined) return ["'then' is missing"];
  const wrong = thenProblems(then);
  if (on === undefined && !isLast && wrong.length === 0 && alwaysDecides(then))
    return ['it takes every error, so the rules after it never decide'];
  return wrong;
}

/** What a rule says about trying again; undefined where it does not. */
export function retryOf(then: ErrorRule<unknown>['then']): RetryOptions<unknown> | undefined {
  return typeof then === 'object' && 'retry' in then ? then.retry : undefined;
}

function thenProblems(then: ErrorRule<unknown>['then']): string[] {
  if (typeof then === 'string') return [];
  if (!('retry' in then)) return fallbackProblems(then);
  const retry: Partial<RetryOptions<unknown>> = then.retry;
  if (!canHoldOptions(retry)) return ["'retry' must be { attempts, ... }"];
  const wrong = optionProblems(retry, retryRules);
  if (wrong.length > 0) return wrong;
  if (retry.attempts === undefined) return ["'retry.attempts' is missing"];
  return typeof retry.exhausted === 'object' ? fallbackProblems(retry.exhausted) : [];
}

function fallbackProblems(given: object): string[] {
  const problems = optionProblems(given, { fallback: fallbackRule });
  return problems.length === 0 && Reflect.get(given, 'fallback') === undefined
    ? ["'fallback' is missing"]
    : problems;
}

/** Whether no rule is ever asked behind this one, if it takes every error: what can fail itself hands on. */
function alwaysDecides(then: ErrorRule<unknown>['then']): boolean {
  if (typeof then === 'string') return true;
  if (!('retry' in then)) return false;
  return typeof then.retry.exhausted === 'string' && then.retry.before === undefined;
}
