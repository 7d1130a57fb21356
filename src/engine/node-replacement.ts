import { DefinitionEnvironment } from '../composition/definition-environment.js';
import { describeRoot, pipelineNameOf } from '../composition/describe-root.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import { frameOf } from '../context/pipeline-context.js';
import type { PipelineGraph } from '../graph/graph-shape.js';
import type { NodeContainer } from '../ports/node-container.js';
import { PipelineRunner } from './pipeline-runner.js';
import type { RunReplacement } from './run-replacement.js';

export type { ReplaceableNode, RunReplacement } from './run-replacement.js';
export { pipelineNameOf } from '../composition/describe-root.js';
export { checkOptions, invalidOption, rule, wrongUse } from '../errors/option-rules.js';

/** A pipeline with parts of it replaced: what a test describes and runs. */
export class ReplacedPipeline {
  readonly name: string;
  readonly runner: PipelineRunner;

  constructor(
    private readonly definition: object,
    private readonly container: NodeContainer | undefined,
    private readonly replacement: RunReplacement,
  ) {
    this.name = pipelineNameOf(definition);
    this.runner = new PipelineRunner({ container }, replacement);
  }

  /**
   * Describes the pipeline as a run with this context would.
   *
   * @throws {@link PipelineError} what is wrong with the definition.
   */
  describe(context: PipelineContext): PipelineGraph {
    const environment = new DefinitionEnvironment(this.container, undefined, this.replacement.definition);
    return describeRoot(this.definition, frameOf(context), environment).graph;
  }
}
