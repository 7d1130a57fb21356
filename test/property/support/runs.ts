/**
 * How often a property is tried; `PROPERTY_FACTOR=20` in the environment tries it twenty times as often.
 *
 * A counterexample is made smaller for so long only that it is reported before the test runs out of time.
 */
export function runs(usual: number): { numRuns: number; interruptAfterTimeLimit?: number } {
  const factor = Number(process.env['PROPERTY_FACTOR'] ?? 1);
  return factor === 1 ? { numRuns: usual, interruptAfterTimeLimit: 45_000 } : { numRuns: usual * factor };
}
