import type { ResolutionContext } from 'inversify';
import { scopedInstance } from './scoped-instance.js';
import type { InstanceDisposer } from './scoped-instance.js';

/**
 * Shares one instance among the nodes of an execution, for `toDynamicValue`: a unit of work, a transaction.
 *
 * It is made on first use in each pipeline execution, so once per item of a composite, and disposed at its end: with the
 * second argument, else with the instance's own `Symbol.asyncDispose`, `Symbol.dispose` or `dispose`. A factory may give
 * a promise. In a node with `lifetime: 'run'` the execution is the root's.
 *
 * Bind it in transient scope: any other keeps the instance of the first execution.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, for what is no function.
 * @throws `PipelineError` in the binding: `NO_CONTEXT` outside of every execution, and `CONTEXT_DISPOSED` where an
 * instance that must be disposed is made after the end.
 *
 * @example
 * {@includeCode ../../examples/api/scoped-instances.ts}
 */
export function perExecution<T>(
  factory: (context: ResolutionContext) => T,
  dispose?: InstanceDisposer<T>,
): (context: ResolutionContext) => T {
  return scopedInstance('perExecution', factory, dispose, (current) => current);
}
