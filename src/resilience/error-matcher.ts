/** Chooses errors: by class, by `code`, or by a predicate. */
export type ErrorMatcher =
  (abstract new (...args: never[]) => Error) | string | ((error: unknown) => boolean);

/** Whether a matcher chooses an error. */
export function matchesError(matcher: ErrorMatcher, error: unknown): boolean {
  if (typeof matcher === 'string') {
    return typeof error === 'object' && error !== null && 'code' in error && error.code === matcher;
  }
  return isErrorClass(matcher) ? error instanceof matcher : matcher(error);
}

function isErrorClass(
  matcher: Exclude<ErrorMatcher, string>,
): matcher is abstract new (...args: never[]) => Error {
  const prototype: unknown = matcher.prototype;
  return matcher === Error || prototype instanceof Error;
}
