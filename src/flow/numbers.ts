import type { OptionRule } from '../errors/option-rules.js';

/** A whole number of 0 or more. */
export const wholeNumber: OptionRule = (value) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? undefined : 'a whole number, 0 or more';

/** An amount that can be a fraction. */
export const amountRule: OptionRule = (value) =>
  typeof value === 'number' && value > 0 && value < Infinity ? undefined : 'a number above 0';

/** How wide a window is: the number of a window of less than a millisecond could not be told from that of the next. */
export const widthRule: OptionRule = (value) =>
  typeof value === 'number' && value >= 1 && value <= 1e15 ? undefined : 'milliseconds, 1 or more';

/** How much later than others an item may come. */
export const latenessRule: OptionRule = (value) =>
  typeof value === 'number' && value >= 0 ? undefined : 'milliseconds, 0 or more, or Infinity';
