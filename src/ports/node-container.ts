/** The part of a dependency-injection container that a runner needs; an inversify `Container` is one as it is. */
export interface NodeContainer {
  /** Tells whether the container can give an instance for a class. */
  isBound(identifier: NodeIdentifier): boolean;
  /** Gives the instance, made or kept as the binding says. */
  get<T>(identifier: NodeIdentifier<T>): T;
}

/** A class as the key of a binding. */
export type NodeIdentifier<T = unknown> = new (...args: never[]) => T;
