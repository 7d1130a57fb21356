let made = 0;

/**
 * Makes a function from text: the one place that does.
 *
 * The text has names of our own and numbers in it, nothing that a user has written.
 *
 * @param text the body of a function that gives what is wanted.
 * @param scope what the text can use, by name: constants, so that the compiler can rely on them.
 * @returns undefined where the process forbids to make code from text.
 */
export function codeOf<T>(text: string, scope: Readonly<Record<string, unknown>>): T | undefined {
  // The engine keeps what it learns of code by its text: equal texts would share that.
  made += 1;
  const constants = `/* ${String(made)} */ const { ${Object.keys(scope).join(', ')} } = scope;`;
  try {
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- on purpose: see docs/decisions/0012-generated-walks.md
    return (new Function('scope', constants + text) as (values: typeof scope) => T)(scope);
  } catch {
    return undefined;
  }
}
