let made = 0;

/**
 * Compiles generated code; the only place in the engine that makes a function from text.
 *
 * The text contains only names chosen by the engine and numbers, never names or values of users.
 *
 * @param text body of a function that returns the wanted value.
 * @param scope values that the text uses, by name; declared as constants, which V8 compiles better than properties.
 * @returns the value; undefined if the process forbids code from text.
 */
export function codeOf<T>(text: string, scope: Readonly<Record<string, unknown>>): T | undefined {
  // V8 shares type feedback between functions of equal text; the number makes each text unique.
  made += 1;
  const constants = `/* ${String(made)} */ const { ${Object.keys(scope).join(', ')} } = scope;`;
  try {
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- on purpose: see docs/decisions/0012-generated-walks.md
    return (new Function('scope', constants + text) as (values: typeof scope) => T)(scope);
  } catch {
    return undefined;
  }
}
