/** ISO 8601: a date, then a time with `Z` or an offset; a year after 9999 has six digits and a sign. */
const dateTimeForm = /^((?:\d{4}|[+-]\d{6})-\d\d-(\d\d))T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

/** Validates a timestamp read from a carrier; returns the expected form if the value is wrong. */
export function carriedMoment(value: unknown): string | undefined {
  const [text = '', date = '', day] = (typeof value === 'string' && dateTimeForm.exec(value)) || [];
  // `Date.parse` accepts 30 February as 1 March, so the day is compared.
  return !Number.isNaN(Date.parse(text)) && new Date(date).getUTCDate() === Number(day)
    ? undefined
    : 'a date and time in ISO 8601, with Z or an offset';
}
