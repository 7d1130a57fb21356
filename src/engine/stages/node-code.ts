import { hasInjectionMetadata } from '../../builder/injection-metadata.js';
import { hasMethod, isInstanceOf, prototypeOf } from '../../data/foreign-value.js';
import type { NodeBinding } from '../../builder/node-binding.js';
import type { Constructor } from '../../nodes/constructor.js';
import { ItemOperator } from '../../nodes/item-operator.js';
import type { NodeLifetime } from '../../nodes/node-options.js';

/** The code of a node: an instance shared by all executions, or a class that the engine constructs. */
export class NodeCode {
  /** True if the class has decorators of a container, so that only a container can construct it. */
  readonly isInjected: boolean;
  /** Prototype of instances already found to have the required method. */
  prototype: object | null = null;

  private constructor(
    /** The instance that all executions use; undefined for a class. */
    readonly shared: object | undefined,
    readonly type: Constructor<object> | undefined,
    readonly lifetime: NodeLifetime,
    /** An instance must have at least one of these methods. */
    readonly methods: readonly string[],
    /** Wraps each constructed instance; used by tests and in development mode. */
    readonly around?: (instance: object) => object,
    /**
     * True for an iterable that the user passed in.
     *
     * The run closes such an iterable only after it has begun to read it.
     */
    readonly isHandedIn = false,
  ) {
    this.isInjected = type !== undefined && hasInjectionMetadata(type);
  }

  /** Makes the code of a binding; a function becomes an object with that function as its only method. */
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
      case 'operator':
        return isInstanceOf(binding.operator, ItemOperator)
          ? NodeCode.#ofStep(binding.operator.step, methods)
          : new NodeCode({}, undefined, lifetime, methods);
      case 'tap':
        return new NodeCode(binding.tap, undefined, lifetime, methods);
      default:
        return new NodeCode({}, undefined, lifetime, methods);
    }
  }

  /** The code of an operator that works on one item after the other. */
  static #ofStep(
    step: ItemOperator<unknown, unknown, unknown>['step'],
    methods: readonly string[],
  ): NodeCode {
    return typeof step === 'function'
      ? new NodeCode(undefined, step, 'execution', methods)
      : new NodeCode(step, undefined, 'execution', methods);
  }

  /** True if an instance has a required method; checked once per prototype, not per instance. */
  fits(instance: unknown): instance is object {
    if (typeof instance !== 'object' || instance === null) return false;
    const prototype = prototypeOf(instance);
    if (prototype !== null && prototype === this.prototype) return true;
    if (!this.methods.some((method) => hasMethod(instance, method))) return false;
    this.prototype = prototype;
    return true;
  }
}
