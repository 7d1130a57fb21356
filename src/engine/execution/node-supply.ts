import { instanceFrom, isBoundIn, isForAsynchronous } from '../../ports/node-container.js';
import type { NodeContainer, NodeIdentifier } from '../../ports/node-container.js';

/** Resolves node classes from a runner's container. Uses `getAsync` only for asynchronous bindings. */
export class NodeSupply {
  /** Classes known to have an asynchronous binding, their own or that of a dependency. */
  readonly #asynchronous = new WeakSet<NodeIdentifier>();

  constructor(private readonly container: NodeContainer) {}

  isBound(identifier: NodeIdentifier): boolean {
    return isBoundIn(this.container, identifier);
  }

  /** Returns the instance, or a promise of the instance if the binding is asynchronous. */
  get<T>(identifier: NodeIdentifier<T>): T | Promise<T> {
    const { container } = this;
    if (container.getAsync !== undefined && this.#asynchronous.has(identifier))
      return container.getAsync(identifier);
    try {
      return instanceFrom(container, identifier);
    } catch (refusal) {
      if (container.getAsync === undefined || !isForAsynchronous(refusal)) throw refusal;
      this.#asynchronous.add(identifier);
      return container.getAsync(identifier);
    }
  }
}
