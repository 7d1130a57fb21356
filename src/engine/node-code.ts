import type { Constructor, NodeBinding } from '../builder/node-binding.js';
import type { NodeLifetime } from '../nodes/node-options.js';

/** A node's code: shared by all executions, or a class that is constructed for them. */
export interface NodeCode {
  /** The instance that all executions use, undefined for a class. */
  readonly shared: object | undefined;
  readonly type: Constructor<object> | undefined;
  readonly lifetime: NodeLifetime;
  /** One of these methods an instance must have. */
  readonly methods: readonly string[];
}

/** The code behind a binding; a function becomes the one method of an object. */
export function nodeCode(
  binding: NodeBinding | undefined,
  lifetime: NodeLifetime,
  ...methods: readonly string[]
): NodeCode {
  const [main = ''] = methods;
  const of = (shared: object | undefined, type?: Constructor<object>): NodeCode => ({
    shared,
    type,
    lifetime,
    methods,
  });
  switch (binding?.how) {
    case 'class':
      return of(undefined, binding.type);
    case 'instance':
      return of(binding.instance);
    case 'function':
      return of({ [main]: binding.call });
    case 'iterable':
      return of({ [main]: () => binding.items });
    default:
      return of({});
  }
}
