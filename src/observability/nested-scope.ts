import type { ActiveScope } from '../ports/execution-observer.js';

/** One scope in place of several, of which the first is the outermost; undefined where there is none. */
export function nestedScope(scopes: readonly ActiveScope[]): ActiveScope | undefined {
  return scopes.reduceRight<ActiveScope | undefined>(
    (inner, outer) => (inner === undefined ? outer : new NestedScope(outer, inner)),
    undefined,
  );
}

class NestedScope implements ActiveScope {
  constructor(
    private readonly outer: ActiveScope,
    private readonly inner: ActiveScope,
  ) {}

  run<TArguments extends unknown[], TResult>(
    fn: (...args: TArguments) => TResult,
    ...args: TArguments
  ): TResult {
    const { inner } = this;
    return this.outer.run(() => inner.run(fn, ...args));
  }
}
