import { PipelineError } from './pipeline-error.js';

/**
 * Thrown by `requireContext` where no pipeline is running.
 *
 * @example
 * {@includeCode ../../examples/api/no-context-error.ts}
 */
export class NoContextError extends PipelineError {
  constructor() {
    super('NO_CONTEXT', {
      problem: 'There is no current pipeline context here.',
      remedy:
        'Call this from code that a pipeline runs, pass the context as an argument, or wrap the call in withContext.',
    });
  }

  static {
    this.prototype.name = 'NoContextError';
  }
}
