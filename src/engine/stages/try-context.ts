import type { ContextHolder } from '../../context/ambient-context.js';
import type { ContextFrame } from '../../context/context-frame.js';
import { viewOf } from '../../context/pipeline-context.js';
import type { PipelineContext } from '../../context/pipeline-context.js';
import type { CancelScope } from '../../run/ending/cancel-scope.js';
import type { Execution } from '../execution/execution.js';

/** The current context during a try with `timeoutMs`: the execution's, but with the try's signal. */
export class TryContext implements ContextHolder {
  #context: PipelineContext | undefined;

  constructor(
    readonly execution: Execution,
    private readonly scope: CancelScope,
  ) {}

  /** The frame of the execution: dictionaries and services are those of the execution. */
  get frame(): ContextFrame {
    return this.execution.frame;
  }

  get context(): PipelineContext {
    return (this.#context ??= this.#makeContext());
  }

  #makeContext(): PipelineContext {
    const context = viewOf(this.frame, undefined, this.scope);
    this.execution.run.leaks?.shown(this, context);
    return context;
  }
}
