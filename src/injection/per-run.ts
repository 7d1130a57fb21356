import type { ResolutionContext } from 'inversify';
import { scopedInstance } from './scoped-instance.js';
import type { InstanceDisposer } from './scoped-instance.js';

/**
 * Shares one instance among all nodes of a run, at every level, for `toDynamicValue`.
 *
 * It is made on first use in each run and disposed at the run's end, as {@link perExecution} says. A run that joins
 * another one has instances of its own.
 *
 * @throws `PipelineError` as {@link perExecution} does.
 *
 * @example
 * {@includeCode ../../examples/api/scoped-instances.ts}
 */
export function perRun<T>(
  factory: (context: ResolutionContext) => T,
  dispose?: InstanceDisposer<T>,
): (context: ResolutionContext) => T {
  return scopedInstance('perRun', factory, dispose, (current) => {
    let top = current;
    while (top.parent !== undefined) top = top.parent;
    return top;
  });
}
