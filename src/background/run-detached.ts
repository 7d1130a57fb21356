import { captureAmbient, runOutside } from '../context/ambient-context.js';
import { invalidOption } from '../errors/option-rules.js';

/**
 * Starts a function outside of every context, for work that many runs share: pools, caches, pollers.
 *
 * It, and the timers and promises it makes, see no current context and keep none alive. It is called at once; what
 * it throws rejects the promise.
 */
export function runDetached<T>(fn: () => T): Promise<Awaited<T>> {
  // In a state of its own: what the function enters there for good, nobody else sees.
  return runOutside(
    captureAmbient,
    undefined,
  )(async (): Promise<Awaited<T>> => {
    if (typeof fn !== 'function') throw invalidOption('runDetached', 'a function was expected');
    return await fn();
  });
}
