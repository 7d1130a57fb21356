import { recordRule } from '../../errors/option-rules.js';
import type { OptionRules } from '../../errors/option-rules.js';
import type { Money } from './money.js';
import { moneyRule } from './money.js';
import { countRule } from './spending-rules.js';

/** Limits of a budget, each inclusive. A kind that is left out is not limited, a limit of 0 allows nothing. */
export interface BudgetLimits {
  /** Input and output tokens together. */
  readonly tokens?: number | undefined;
  /** Calls of models. */
  readonly calls?: number | undefined;
  /** Items that enter the pipeline or composite. */
  readonly items?: number | undefined;
  /** Money in one currency; spending in other currencies is not limited. */
  readonly money?: Money | undefined;
}

/** The rules of {@link BudgetLimits}. */
const budgetRules: OptionRules = {
  tokens: countRule,
  calls: countRule,
  items: countRule,
  money: moneyRule,
};

/** The rule of an option whose value is {@link BudgetLimits}. */
export const budgetRule = recordRule('limits', budgetRules);

/** Returns a frozen copy of limits without undefined ones; undefined if no limit is left. */
export function limitsOf(given: BudgetLimits | undefined): BudgetLimits | undefined {
  const limited = Object.entries(given ?? {}).filter(([, limit]) => limit !== undefined);
  if (limited.length === 0) return undefined;
  const limits = Object.fromEntries(limited) as BudgetLimits;
  return Object.freeze(
    limits.money === undefined ? limits : { ...limits, money: Object.freeze({ ...limits.money }) },
  );
}
