import { PipelineError } from './pipeline-error.js';
import type { CancelReason } from './cancel-reason.js';

/**
 * The reason of an aborted `context.signal`, and what a cancelled run rejects with.
 *
 * Its `name` is `AbortError`, so that code which knows only the web's convention recognises it.
 *
 * @example
 * {@includeCode ../../examples/api/run-cancelled-error.ts}
 */
export class RunCancelledError extends PipelineError {
  /** Why the work was cancelled. */
  readonly kind: CancelReason['kind'];
  /** The reason as plain data. */
  readonly reason: CancelReason;

  /** @param more the `cause`, where a caller gave something else than a reason. */
  constructor(reason: CancelReason, path: string | undefined, more: { readonly cause?: unknown } = {}) {
    const message = reason.message?.replace(/\.$/, '');
    super('RUN_CANCELLED', {
      path: reason.path ?? path,
      problem: `The work was cancelled (${reason.kind})${message === undefined ? '.' : `: ${message}.`}`,
      remedy: 'Nothing failed here; start it again if it is still wanted.',
      ...more,
    });
    this.kind = reason.kind;
    this.reason = Object.freeze({ ...reason });
  }

  static {
    this.prototype.name = 'AbortError';
  }
}
