import { rule } from '../../errors/option-rules.js';
import { amountRule, recordRule } from './spending-rules.js';

/** A sum of money in one currency; sums of different currencies are never added up. */
export interface Money {
  /** In units of the currency, not in cents. */
  readonly amount: number;
  /** Compared as it is written: `EUR` and `eur` are two currencies. */
  readonly currency: string;
}

/** The rule of an option that is {@link Money}. */
export const moneyRule = recordRule('money', { amount: amountRule, currency: rule.text }, [
  'amount',
  'currency',
]);

/** A sum without the noise of binary fractions: 12 significant digits, so that 0.1 and 0.2 give 0.3. */
export function roundedAmount(sum: number): number {
  return Number(sum.toPrecision(12));
}
