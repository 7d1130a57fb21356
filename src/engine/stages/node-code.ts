import { hasInjectionMetadata } from '../../builder/injection-metadata.js';
import { hasMethod, prototypeOf } from '../../data/foreign-value.js';
import type { Constructor, NodeBinding } from '../../builder/node-binding.js';
import type { NodeLifetime } from '../../nodes/node-options.js';

/** A node's code: shared by all executions, or a class that is constructed for them. */
export class NodeCode {
  /** Whether the class is decorated for injection, so that a container must make it. */
  readonly isInjected: boolean;
  /** The prototype of instances that were seen to have the method they need. */
  prototype: object | null = null;

  private constructor(
    /** The instance that all executions use, undefined for a class. */
    readonly shared: object | undefined,
    readonly type: Constructor<object> | undefined,
    readonly lifetime: NodeLifetime,
    /** One of these methods an instance must have. */
    readonly methods: readonly string[],
    /** What a test puts around each instance. */
    readonly around?: (instance: object) => object,
    /** Whether it stands for an iterable that the user has made: not the run's until it is begun. */
    readonly isHandedIn = false,
  ) {
    this.isInjected = type !== undefined && hasInjectionMetadata(type);
  }

  /** The code behind a binding; a function becomes the one method of an object. */
  static of(
    binding: NodeBinding | undefined,
    lifetime: NodeLifetime,
    ...methods: readonly string[]
  ): NodeCode {
    const [main = ''] = methods;
    switch (binding?.how) {
      case 'class':
        return new NodeCode(undefined, binding.type, lifetime, methods, binding.around);
      case 'instance':
        return new NodeCode(binding.instance, undefined, lifetime, methods);
      case 'function':
        return new NodeCode({ [main]: binding.call }, undefined, lifetime, methods);
      case 'iterable':
        return new NodeCode({ [main]: () => binding.items }, undefined, lifetime, methods, undefined, true);
      default:
        return new NodeCode({}, undefined, lifetime, methods);
    }
  }

  /** Whether what was made can be the node; looked at once per prototype, not per instance. */
  fits(instance: unknown): instance is object {
    if (typeof instance !== 'object' || instance === null) return false;
    const prototype = prototypeOf(instance);
    if (prototype !== null && prototype === this.prototype) return true;
    if (!this.methods.some((method) => hasMethod(instance, method))) return false;
    this.prototype = prototype;
    return true;
  }
}
