import { MeteredTarget } from './metered-target.js';
import { ScopedTarget } from './scoped-target.js';
import { TimedTarget } from './timed-target.js';

/** The code of a node, whatever stands before it; undefined where it could not be made. */
export function codeBehind(target: object | undefined): object | undefined {
  const isBefore = [MeteredTarget, ScopedTarget, TimedTarget].some((each) => target instanceof each);
  return isBefore ? codeBehind((target as { readonly code: object }).code) : target;
}
