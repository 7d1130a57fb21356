import type { OptionRules } from '../../errors/option-rules.js';
import type { Money } from './money.js';
import { moneyRule } from './money.js';
import { countRule, recordRule } from './spending-rules.js';

/** The most that may be spent; a kind that is left out is not limited, one of 0 allows nothing. */
export interface BudgetLimits {
  /** Input and output tokens together. */
  readonly tokens?: number | undefined;
  /** Calls of models. */
  readonly calls?: number | undefined;
  /** Items that enter. */
  readonly items?: number | undefined;
  /** Money of one currency; what is spent in another is not limited by it. */
  readonly money?: Money | undefined;
}

/** The rules of {@link BudgetLimits}. */
const budgetRules: OptionRules = {
  tokens: countRule,
  calls: countRule,
  items: countRule,
  money: moneyRule,
};

/** The rule of an option that is {@link BudgetLimits}. */
export const budgetRule = recordRule('limits', budgetRules);

/** A frozen copy of limits that holds only what is limited; undefined where nothing is. */
export function limitsOf(given: BudgetLimits | undefined): BudgetLimits | undefined {
  const limited = Object.entries(given ?? {}).filter(([, limit]) => limit !== undefined);
  if (limited.length === 0) return undefined;
  const limits = Object.fromEntries(limited) as BudgetLimits;
  return Object.freeze(
    limits.money === undefined ? limits : { ...limits, money: Object.freeze({ ...limits.money }) },
  );
}
