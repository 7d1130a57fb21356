import { recordRule, rule } from '../../errors/option-rules.js';
import { amountRule } from './spending-rules.js';

/** An amount of money in one currency; amounts of different currencies are never added up. */
export interface Money {
  /** Amount in units of the currency, not in cents. */
  readonly amount: number;
  /** Compared as it is written: `EUR` and `eur` are two currencies. */
  readonly currency: string;
}

/** The rule of an option whose value is {@link Money}. */
export const moneyRule = recordRule('money', { amount: amountRule, currency: rule.text }, [
  'amount',
  'currency',
]);

/** Rounds an amount to 12 significant digits, so that binary fractions add up: 0.1 and 0.2 give 0.3. */
export function roundedAmount(sum: number): number {
  return Number(sum.toPrecision(12));
}
