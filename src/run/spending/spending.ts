import type { BudgetKind } from '../../errors/budget-exceeded-error.js';
import type { OptionRules } from '../../errors/option-rules.js';
import { invalidOption } from '../../errors/option-rules.js';
import type { Money } from './money.js';
import { moneyRule } from './money.js';
import { countRule, recordProblems } from './spending-rules.js';

/** The kinds of a budget, in the order in which they are judged. */
export const budgetKinds = ['tokens', 'calls', 'items', 'money'] as const satisfies readonly BudgetKind[];

/** What a call of a model spends, or may spend at most. */
export interface Spending {
  /** Input and output together. Default: 0. */
  readonly tokens?: number | undefined;
  /** Default: 0, not 1. */
  readonly calls?: number | undefined;
  /** Only budgets in its currency count it. Default: none. */
  readonly money?: Money | undefined;
}

/** What was spent so far of each kind, reservations not counted. */
export interface BudgetSpent {
  /** Input and output together. */
  readonly tokens: number;
  /** Calls of models. */
  readonly calls: number;
  /** Items that have entered, whatever became of them. */
  readonly items: number;
  /** In the currency of the limit; there only where money is limited. */
  readonly money?: Money;
}

/** A kind with an amount, and of money the currency. */
export type Part = readonly [kind: BudgetKind, amount: number, currency: string | undefined];

const spendingRules: OptionRules = { tokens: countRule, calls: countRule, money: moneyRule };

/**
 * Refuses what is no {@link Spending}.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` with every wrong part named.
 */
export function checkSpending(subject: string, given: unknown, path: string): void {
  const problems = recordProblems(given, spendingRules, []);
  if (problems.length > 0) throw invalidOption(subject, problems.join('; '), path);
}

/** What is spent, kind by kind; nothing of a kind is no part. */
export function partsOf({ tokens = 0, calls = 0, money }: Spending): readonly Part[] {
  const parts: Part[] = [
    ['tokens', tokens, undefined],
    ['calls', calls, undefined],
    ['money', money?.amount ?? 0, money?.currency],
  ];
  return parts.filter(([, amount]) => amount > 0);
}
