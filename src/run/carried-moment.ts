/** Year, month and day, then a time with its offset; a year after 9999 has six digits and a sign. */
const dateTimeForm = /^((?:\d{4}|[+-]\d{6})-\d\d-(\d\d))T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

/** Judges a moment that other processes have written. */
export function carriedMoment(value: unknown): string | undefined {
  const [text = '', date = '', day] = (typeof value === 'string' && dateTimeForm.exec(value)) || [];
  // Date.parse takes 30 February for 1 March.
  return !Number.isNaN(Date.parse(text)) && new Date(date).getUTCDate() === Number(day)
    ? undefined
    : 'a date and time in ISO 8601, with Z or an offset';
}
