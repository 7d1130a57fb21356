import type { BudgetKind } from '../../errors/budget-exceeded-error.js';
import type { OptionRules } from '../../errors/option-rules.js';
import { invalidOption, recordProblems } from '../../errors/option-rules.js';
import type { Money } from './money.js';
import { moneyRule } from './money.js';
import { countRule } from './spending-rules.js';

/** The kinds of a budget, in the order in which limits are checked. */
export const budgetKinds = ['tokens', 'calls', 'items', 'money'] as const satisfies readonly BudgetKind[];

/** Amounts that a call of a model spends, or reserves. */
export interface Spending {
  /** Input and output tokens together. Default: 0. */
  readonly tokens?: number | undefined;
  /** Number of calls. Default: 0, not 1. */
  readonly calls?: number | undefined;
  /** Money; counted only by budgets that limit its currency. Default: none. */
  readonly money?: Money | undefined;
}

/** Amounts spent so far per kind, reservations not counted. */
export interface BudgetSpent {
  /** Input and output tokens together. */
  readonly tokens: number;
  /** Calls of models. */
  readonly calls: number;
  /** Items that have entered, also those that failed or were filtered. */
  readonly items: number;
  /** Money in the currency of the limit; absent if money is not limited. */
  readonly money?: Money;
}

/** One kind of spending with its amount; for money also the currency. */
export type Part = readonly [kind: BudgetKind, amount: number, currency: string | undefined];

const spendingRules: OptionRules = { tokens: countRule, calls: countRule, money: moneyRule };

/**
 * Checks a {@link Spending}.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` when a part is wrong; the message names all of them.
 */
export function checkSpending(subject: string, given: unknown, path: string): void {
  const problems = recordProblems(given, spendingRules, []);
  if (problems.length > 0) throw invalidOption(subject, problems.join('; '), path);
}

/** Splits spending into its kinds; kinds with an amount of 0 are left out. */
export function partsOf({ tokens = 0, calls = 0, money }: Spending): readonly Part[] {
  const parts: Part[] = [
    ['tokens', tokens, undefined],
    ['calls', calls, undefined],
    ['money', money?.amount ?? 0, money?.currency],
  ];
  return parts.filter(([, amount]) => amount > 0);
}
