import { instanceFrom, isBoundIn, isForAsynchronous } from '../../ports/node-container.js';
import type { NodeContainer, NodeIdentifier } from '../../ports/node-container.js';

/** A runner's container, which is asked for each class in the way that its binding needs. */
export class NodeSupply {
  /** The classes whose binding, or something that they need, is asynchronous. */
  readonly #asynchronous = new WeakSet<NodeIdentifier>();

  constructor(private readonly container: NodeContainer) {}

  isBound(identifier: NodeIdentifier): boolean {
    return isBoundIn(this.container, identifier);
  }

  /** Gives the instance, or a promise of it where the binding is asynchronous. */
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
