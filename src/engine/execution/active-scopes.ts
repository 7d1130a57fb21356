import { runInContext } from '../../context/ambient-context.js';
import type { ContextHolder } from '../../context/ambient-context.js';
import type { ActiveScope } from '../../ports/execution-observer.js';

/** Code of this is called in scopes: an execution. */
interface ScopedCode extends ContextHolder {
  readonly run: { readonly hasScopes: boolean };
  readonly scopes: ActiveScopes | undefined;
  readonly parent?: ScopedCode | undefined;
}

/** The scopes that observers have given for the code of one execution. */
export class ActiveScopes {
  readonly #nodes = new Map<string, ActiveScope>();

  /** @param own the scope of all code that belongs to no node. */
  constructor(public own: ActiveScope | undefined) {}

  /** Gives the code of a node a scope. */
  set(path: string, scope: ActiveScope): void {
    this.#nodes.set(path, scope);
  }

  /** The scope of a node's code. */
  ofNode(path: string): ActiveScope | undefined {
    return this.#nodes.get(path);
  }
}

/** Calls a function in the context of an execution, with the scope of that execution active. */
export function enterExecution<TArguments extends unknown[], TResult>(
  execution: ScopedCode,
  fn: (...args: TArguments) => TResult,
  ...args: TArguments
): TResult {
  return enterAs(execution, execution, fn, ...args);
}

/** The same, where somebody else shows the context of the execution. */
export function enterAs<TArguments extends unknown[], TResult>(
  holder: ContextHolder,
  execution: ScopedCode,
  fn: (...args: TArguments) => TResult,
  ...args: TArguments
): TResult {
  return execution.run.hasScopes
    ? asExecution(execution, () => runInContext(holder, fn, ...args))
    : runInContext(holder, fn, ...args);
}

/** Calls code that belongs to no node of an execution, with the scope of that execution active. */
export function asExecution<TResult>(execution: ScopedCode, fn: () => TResult): TResult {
  const scope = ownScope(execution);
  return scope === undefined ? fn() : scope.run(fn);
}

/** The scope of an execution, or of the nearest one around that has any. */
function ownScope({ scopes, parent }: ScopedCode): ActiveScope | undefined {
  return scopes?.own ?? (parent && ownScope(parent));
}

/** Calls code of a node, with the scope of that node active. */
export function asNode<TArguments extends unknown[], TResult>(
  execution: ScopedCode,
  path: string,
  fn: (...args: TArguments) => TResult,
  ...args: TArguments
): TResult {
  const scope = execution.scopes?.ofNode(path);
  return scope === undefined ? fn(...args) : scope.run(fn, ...args);
}
