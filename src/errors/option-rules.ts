import { types } from 'node:util';
import { PipelineError } from './pipeline-error.js';

/**
 * Judges one option: undefined when it is fine, else what was expected.
 *
 * A rule may throw where a value cannot be read: ask it through {@link expectedBy}.
 */
export type OptionRule = (value: unknown) => string | undefined;

/** The options a thing knows, each with its rule. */
export type OptionRules = Readonly<Record<string, OptionRule>>;

/** More than 30,000 years; with it a moment is still a valid Date. */
const LONGEST_MS = 1e15;

/** The longest delay that a timer takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Rules that options share. */
export const rule = {
  anything: (): undefined => undefined,
  boolean: (value: unknown) => (typeof value === 'boolean' ? undefined : 'true or false'),
  text: (value: unknown) =>
    typeof value === 'string' && value !== '' ? undefined : 'a text that is not empty',
  texts: (value: unknown) =>
    Array.isArray(value) && value.every((entry) => typeof entry === 'string' && entry !== '')
      ? undefined
      : 'a list of texts that are not empty',
  callable: (value: unknown) => (typeof value === 'function' ? undefined : 'a function'),
  positiveInteger: (value: unknown) =>
    Number.isSafeInteger(value) && Number(value) > 0 ? undefined : 'a whole number above 0',
  /** How many of something are kept at most. */
  capacity: (value: unknown) =>
    value === Infinity || (Number.isSafeInteger(value) && Number(value) > 0)
      ? undefined
      : 'a whole number above 0, or Infinity',
  milliseconds: (value: unknown) =>
    typeof value === 'number' && value >= 0 && value <= LONGEST_MS ? undefined : 'milliseconds, 0 or more',
  positiveMilliseconds: (value: unknown) =>
    typeof value === 'number' && value > 0 && value <= LONGEST_MS ? undefined : 'milliseconds above 0',
  /** For what a timer of its own measures: one that is longer fires at once. */
  timer: (value: unknown) =>
    typeof value === 'number' && value >= 0 && value <= LONGEST_TIMER_MS
      ? undefined
      : `milliseconds from 0 to ${LONGEST_TIMER_MS}, about 24 days`,
  positiveTimer: (value: unknown) =>
    typeof value === 'number' && value > 0 && value <= LONGEST_TIMER_MS
      ? undefined
      : `milliseconds above 0, at most ${LONGEST_TIMER_MS}, about 24 days`,
  // Of any realm.
  date: (value: unknown) =>
    types.isDate(value) && !Number.isNaN(Date.prototype.getTime.call(value)) ? undefined : 'a valid Date',
  /** By shape: test environments and other realms have classes of their own. */
  signal: (value: unknown) =>
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, 'aborted') === 'boolean' &&
    ['addEventListener', 'removeEventListener'].every(
      (method) => typeof Reflect.get(value, method) === 'function',
    )
      ? undefined
      : 'an AbortSignal',
  instanceOf:
    (type: abstract new (...args: never[]) => object): OptionRule =>
    (value) =>
      value instanceof type ? undefined : `a ${type.name}`,
  oneOf:
    (...allowed: readonly string[]): OptionRule =>
    (value) =>
      typeof value === 'string' && allowed.includes(value)
        ? undefined
        : allowed.map((word) => `'${word}'`).join(' or '),
  /** An object that has the methods. */
  having:
    (...methods: readonly string[]): OptionRule =>
    (value) => {
      const has = (method: string): boolean =>
        typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function';
      return methods.every(has)
        ? undefined
        : `an object with ${methods.map((method) => `'${method}'`).join(', ')}`;
    },
  object: (value: unknown) => (typeof value === 'object' && value !== null ? undefined : 'an object'),
} as const;

const UNREADABLE = 'something that can be read';

/** What a rule expects in place of a value, as far as the value lets itself be read; never throws. */
export function expectedBy(judge: OptionRule, value: unknown): string | undefined {
  try {
    return judge(value);
  } catch {
    return UNREADABLE;
  }
}

/** Whether something can hold options: an object that is no collection, no date and no promise. Never throws. */
export function canHoldOptions(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || types.isDate(value)) return false;
  try {
    return !(Symbol.iterator in value) && !('then' in value && typeof value.then === 'function');
  } catch {
    return false;
  }
}

/**
 * Every option that is unknown, cannot be read, or has a value its rule refuses, as phrases; an undefined option
 * counts as left out. Never throws.
 */
export function optionProblems(options: unknown, rules: OptionRules): string[] {
  if (!canHoldOptions(options)) return ['a plain object with options was expected'];
  const names = namesOf(options);
  if (names === undefined) return ['options that can be read were expected'];
  const problems: string[] = [];
  for (const name of names) {
    const judge = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (judge === undefined) {
      problems.push(`there is no option '${name}' (known: ${Object.keys(rules).join(', ')})`);
      continue;
    }
    const expected = expectedOf(options, name, judge);
    if (expected !== undefined) problems.push(`'${name}' must be ${expected}`);
  }
  return problems;
}

/** What is expected in place of an option; undefined where it is fine, or undefined itself. */
function expectedOf(options: object, name: string, judge: OptionRule): string | undefined {
  try {
    const value: unknown = Reflect.get(options, name);
    return value === undefined ? undefined : judge(value);
  } catch {
    return UNREADABLE;
  }
}

function namesOf(options: object): string[] | undefined {
  try {
    return Object.keys(options);
  } catch {
    return undefined;
  }
}

/**
 * Refuses wrong options.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` with every wrong option named.
 */
export function checkOptions(subject: string, options: unknown, rules: OptionRules, path?: string): void {
  if (options === undefined) return;
  const problems = optionProblems(options, rules);
  if (problems.length > 0) throw invalidOption(subject, problems.join('; '), path);
}

/** An `OPTION_INVALID` for one subject. */
export function invalidOption(subject: string, problem: string, path?: string): PipelineError {
  return new PipelineError('OPTION_INVALID', {
    path,
    problem: `Wrong options of ${subject}: ${problem}.`,
    remedy: 'Correct the options named.',
  });
}

/**
 * Refuses a wrong argument of a function.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`, which says what was expected.
 */
export function checkArgument(subject: string, value: unknown, judge: OptionRule): void {
  const expected = expectedBy(() => judge(value), value);
  if (expected !== undefined) throw wrongUse(subject, expected);
}

/** An `OPTION_INVALID` for what a function was called with. */
export function wrongUse(subject: string, expected: string, path?: string): PipelineError {
  return new PipelineError('OPTION_INVALID', {
    path,
    problem: `Wrong use of ${subject}: ${expected} was expected.`,
    remedy: 'Correct the argument.',
  });
}

/** Returns a phrase for each wrong or missing part of a record. */
export function recordProblems(given: unknown, rules: OptionRules, required: readonly string[]): string[] {
  const problems = optionProblems(given, rules);
  if (!canHoldOptions(given)) return problems;
  const missing = required.filter((name) => Reflect.get(given, name) === undefined);
  return [...problems, ...missing.map((name) => `'${name}' must be ${rules[name]?.(undefined) ?? 'given'}`)];
}

/** Makes the rule for an option whose value is a record. */
export function recordRule(
  expected: string,
  rules: OptionRules,
  required: readonly string[] = [],
): OptionRule {
  return (value) => {
    const problems = recordProblems(value, rules, required);
    return problems.length === 0 ? undefined : `${expected} (${problems.join('; ')})`;
  };
}
