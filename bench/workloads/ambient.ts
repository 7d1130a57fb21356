import { AsyncLocalStorage } from 'node:async_hooks';
import type { Contender } from '../harness/contender.js';

/** What a careful user keeps the context of hand-written code in. */
export const storage = new AsyncLocalStorage<object>();

/**
 * The contenders, each run in an ambient context.
 *
 * An active AsyncLocalStorage slows every await down on Node 20 and 22, so all contenders must have one.
 */
export function inAmbientContext(contenders: readonly Contender[]): Contender[] {
  return contenders.map((contender) => ({
    ...contender,
    prepare(numbers) {
      const run = contender.prepare(numbers);
      return () => storage.run({ of: contender.name }, run);
    },
  }));
}
