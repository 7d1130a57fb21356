import { canHoldOptions, optionProblems } from '../../errors/option-rules.js';
import type { OptionRule, OptionRules } from '../../errors/option-rules.js';

/** Rule for a count: a whole number, 0 or more. */
export const countRule: OptionRule = (value) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? undefined : 'a whole number, 0 or more';

/** Rule for an amount of money: a finite number, 0 or more. */
export const amountRule: OptionRule = (value) =>
  Number.isFinite(value) && Number(value) >= 0 ? undefined : 'a finite number, 0 or more';

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
