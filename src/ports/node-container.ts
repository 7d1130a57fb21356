import { ignoreRejection, isThenable, readProperty } from '../data/foreign-value.js';
import { wrongUse } from '../errors/option-rules.js';

/** The part of a dependency-injection container that a runner needs; an inversify `Container` is one as it is. */
export interface NodeContainer {
  /** Tells whether the container can give an instance for a class. */
  isBound(identifier: NodeIdentifier): boolean;
  /**
   * Gives the instance, made or kept as the binding says.
   *
   * Where the binding, or one that it needs, is asynchronous, it throws an error whose message says so.
   */
  get<T>(identifier: NodeIdentifier<T>): T;
  /** Gives the instance of an asynchronous binding; used for the nodes of a class once `get` has refused that class. */
  getAsync?<T>(identifier: NodeIdentifier<T>): Promise<T>;
}

/** A class as the key of a binding. */
export type NodeIdentifier<T = unknown> = new (...args: never[]) => T;

/**
 * Whether a container can give an instance for a class.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` for a container that answers with a promise.
 */
export function isBoundIn(container: Pick<NodeContainer, 'isBound'>, identifier: NodeIdentifier): boolean {
  const answer: unknown = container.isBound(identifier);
  if (!isThenable(answer)) return Boolean(answer);
  ignoreRejection(answer);
  throw wrongUse("a container's isBound", 'an answer at once');
}

/**
 * The instance that a container gives at once for a class that is bound in it.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` for a container that gives a promise, or nothing.
 */
export function instanceFrom<T>(container: Pick<NodeContainer, 'get'>, identifier: NodeIdentifier<T>): T {
  const given: T | undefined | null = container.get<T | undefined | null>(identifier);
  if (isThenable(given)) {
    ignoreRejection(given);
    throw wrongUse("a container's get", 'an instance at once (a promise is for getAsync)');
  }
  // Else it would be constructed elsewhere, behind the back of the container.
  if (given === undefined || given === null)
    throw wrongUse("a container's get", 'an instance of a class that is bound');
  return given;
}

/** Whether a container refused because a binding is asynchronous; inversify says so in the message alone. */
export function isForAsynchronous(refusal: unknown): boolean {
  const message = readProperty(refusal, 'message');
  return typeof message === 'string' && /async/i.test(message);
}
