import type { OptionRule } from '../../errors/option-rules.js';

/** Rule for a count: a whole number, 0 or more. */
export const countRule: OptionRule = (value) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? undefined : 'a whole number, 0 or more';

/** Rule for an amount of money: a finite number, 0 or more. */
export const amountRule: OptionRule = (value) =>
  Number.isFinite(value) && Number(value) >= 0 ? undefined : 'a finite number, 0 or more';
