import { MeteredTarget } from './metered-target.js';
import { ScopedTarget } from './scoped-target.js';

/** The code of a node, whatever stands before it; undefined where it could not be made. */
export function codeBehind(target: object | undefined): object | undefined {
  return target instanceof MeteredTarget || target instanceof ScopedTarget ? codeBehind(target.code) : target;
}
