import type { OptionRule } from '../errors/option-rules.js';

/** A whole number of 0 or more. */
export const wholeNumber: OptionRule = (value) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? undefined : 'a whole number, 0 or more';

/** How many of something are kept at most. */
export const capacityRule: OptionRule = (value) =>
  value === Infinity || (Number.isSafeInteger(value) && Number(value) > 0)
    ? undefined
    : 'a whole number above 0, or Infinity';
