import { captureAmbient, runOutside } from '../context/ambient-context.js';
import { handOut } from '../context/handed-out.js';
import { reportFailure } from '../context/report-failure.js';
import { invalidOption } from '../errors/option-rules.js';

/**
 * Starts a function outside of every context, for work that many runs share: pools, caches, pollers.
 *
 * It, and the timers and promises it makes, see no current context and keep none alive. It is called at once; what
 * it throws rejects the promise; where nobody awaits that, the process warns.
 *
 * @example
 * {@includeCode ../../examples/api/run-detached.ts}
 */
export function runDetached<T>(fn: () => T): Promise<Awaited<T>> {
  // In a state of its own: what the function enters there for good, nobody else sees.
  const work = runOutside(
    captureAmbient,
    undefined,
  )(async (): Promise<Awaited<T>> => {
    if (typeof fn !== 'function') throw invalidOption('runDetached', 'a function was expected');
    return await fn();
  });
  // Outside as well: a promise keeps the context alive in which it is made.
  return runOutside(handOut<Awaited<T>>, work, (error) => {
    reportFailure(undefined, error, 'a detached task failed, and nobody awaited it');
  });
}
