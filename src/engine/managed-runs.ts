import type { DefinitionSource } from '../builder/blueprint.js';
import { pipelineNameOf } from '../composition/describe-root.js';
import { runOutside } from '../context/ambient-context.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import { clockUnder } from '../ports/clock.js';
import type { Clock } from '../ports/clock.js';
import { silentLogger } from '../ports/logger.js';
import type { Logger } from '../ports/logger.js';
import type { ManagedCall } from './managed-call.js';
import type { RunResult } from './execution/run-result.js';
import { RunStart } from './run-start.js';
import type { RunDriver, RunnerParts } from './run-start.js';

/** The functions of a runner that a run manager uses. */
export interface ManagedRuns {
  /** Makes the clock of one run. */
  newClock(): Clock;
  readonly logger: Logger;
  /**
   * Returns the name of a pipeline.
   *
   * @throws {@link PipelineError} `DEFINITION_INVALID` when the argument is no pipeline definition.
   */
  nameOf(definition: DefinitionSource): string;
  /**
   * Runs a pipeline outside of the current run, if there is one.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` or `DEFINITION_INVALID` when the run cannot be set up; synchronously.
   */
  run(definition: DefinitionSource, template: PipelineContext, call: ManagedCall): Promise<RunResult>;
}

/** Makes the {@link ManagedRuns} of a runner. */
export function managedBy(parts: RunnerParts, driver: RunDriver): ManagedRuns {
  const { clock, logger = silentLogger } = parts.options;
  const run = (
    definition: DefinitionSource,
    template: PipelineContext,
    managed: ManagedCall,
  ): Promise<RunResult> => {
    return new RunStart(parts, { definition, template, managed }).conduct(driver);
  };
  return {
    newClock: () => clockUnder(clock),
    logger,
    nameOf: pipelineNameOf,
    run: (...given) => runOutside(run, ...given),
  };
}
