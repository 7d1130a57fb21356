import { PipelineError } from './pipeline-error.js';
import type { CancelReason } from './cancel-reason.js';

/**
 * The reason of an aborted `context.signal`, and what a cancelled run rejects with.
 *
 * Its `name` is `AbortError`, so that code which knows only the web's convention recognises it.
 */
export class RunCancelledError extends PipelineError {
  /** Why the work was cancelled. */
  readonly kind: CancelReason['kind'];
  /** The reason as plain data. */
  readonly reason: CancelReason;

  constructor(reason: CancelReason, path: string | undefined, cause?: unknown) {
    super('RUN_CANCELLED', {
      path: reason.path ?? path,
      problem: `The run was cancelled (${reason.kind})${reason.message === undefined ? '.' : `: ${reason.message}`}`,
      remedy: 'Nothing failed here; start the run again if its work is still wanted.',
      ...(cause === undefined ? {} : { cause }),
    });
    this.kind = reason.kind;
    this.reason = Object.freeze({ ...reason });
  }

  static {
    this.prototype.name = 'AbortError';
  }
}
