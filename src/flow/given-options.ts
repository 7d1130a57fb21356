import { invalidOption, recordProblems } from '../errors/option-rules.js';
import type { OptionRules } from '../errors/option-rules.js';

/**
 * Checks the options of an operator that cannot do without some of them.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, with every wrong or missing option named.
 */
export function checkGiven(
  kind: string,
  options: unknown,
  rules: OptionRules,
  required: readonly string[],
): void {
  const problems = recordProblems(options, rules, required);
  if (problems.length > 0) throw invalidOption(kind, problems.join('; '));
}
