/**
 * Makes a function from text: the one place that does.
 *
 * The text has names of our own and numbers in it, nothing that a user has written.
 *
 * @param text the body of a function that gives what is wanted.
 * @param scope what the text can use, by name.
 * @returns undefined where the process forbids to make code from text.
 */
export function codeOf<T>(text: string, scope: Readonly<Record<string, unknown>>): T | undefined {
  try {
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- on purpose: see docs/decisions/0012-generated-walks.md
    return (new Function(...Object.keys(scope), text) as (...values: unknown[]) => T)(
      ...Object.values(scope),
    );
  } catch {
    return undefined;
  }
}
