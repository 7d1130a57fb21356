import { ContainerModule } from 'inversify';
import { requireContext } from '../context/ambient-context.js';
import { PipelineContext } from '../context/pipeline-context.js';
import { RunContext } from '../run/run-context.js';

/**
 * A module that makes the current `PipelineContext` and `RunContext` injectable, under these classes.
 *
 * Load it into a container of yours. Both are resolved afresh from the execution whose code is running: inject them
 * into classes bound in transient scope, since a singleton would keep the context of the first execution.
 *
 * @example
 * {@includeCode ../../examples/api/context-module.ts}
 */
export function contextModule(): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(PipelineContext)
      .toDynamicValue(() => requireContext())
      .inTransientScope();
    bind(RunContext)
      .toDynamicValue(() => requireContext().run)
      .inTransientScope();
  });
}
