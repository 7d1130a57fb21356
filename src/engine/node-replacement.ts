import type { Blueprint } from '../builder/blueprint.js';
import { DefinitionEnvironment } from '../composition/definition-environment.js';
import { describeRoot, pipelineNameOf } from '../composition/describe-root.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import { frameOf } from '../context/pipeline-context.js';
import { replacingRunner } from './pipeline-runner.js';
import type { PipelineRunner, PipelineRunnerOptions } from './pipeline-runner.js';
import type { RunReplacement } from './compiling/run-replacement.js';

export { bindNode } from '../builder/node-binding.js';
export type { NodeBinding } from '../builder/node-binding.js';
export { subPipelines } from '../builder/blueprint.js';
export type { Blueprint, BlueprintNode } from '../builder/blueprint.js';
export type { ReplaceableNode, RunReplacement } from './compiling/run-replacement.js';
export { pipelineNameOf } from '../composition/describe-root.js';
export { handOut } from '../context/handed-out.js';
export { reportFailure } from '../context/report-failure.js';
export { checkArgument, checkOptions, invalidOption, rule, wrongUse } from '../errors/option-rules.js';
export { printed } from '../ports/error-record.js';

/** A pipeline with replaced parts, which a test describes and runs. */
export class ReplacedPipeline {
  readonly name: string;
  readonly runner: PipelineRunner;

  /** @throws {@link PipelineError} `OPTION_INVALID` when the runner's options are wrong. */
  constructor(
    private readonly definition: object,
    private readonly options: PipelineRunnerOptions,
    private readonly replacement: RunReplacement,
  ) {
    this.name = pipelineNameOf(definition);
    this.runner = replacingRunner(options, replacement);
  }

  /**
   * Describes the pipeline as a run with this context would.
   *
   * @throws {@link PipelineError} when the definition is wrong.
   */
  describe(context: PipelineContext): Blueprint {
    const { container, maxDepth } = this.options;
    const environment = new DefinitionEnvironment(container, maxDepth, this.replacement.definition);
    return describeRoot(this.definition, frameOf(context), environment);
  }
}
