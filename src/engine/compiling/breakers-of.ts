import { subPipelines } from '../../builder/blueprint.js';
import type { Blueprint } from '../../builder/blueprint.js';
import type { BreakerPlace } from '../../resilience/runner-circuits.js';

/** The circuit breakers of a pipeline and its children, as far as those are described, from the root down. */
export function breakersOf(blueprint: Blueprint): readonly BreakerPlace[] {
  return blueprint.nodes.flatMap((node) => {
    const { path, options } = node;
    const { circuitBreaker: breaker } = options;
    const below = subPipelines(node).flatMap(({ composite: { child } }) =>
      child === undefined ? [] : breakersOf(child),
    );
    return breaker === undefined ? below : [{ path, breaker }, ...below];
  });
}
