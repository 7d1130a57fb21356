import type { ContextFrame } from '../context/context-frame.js';
import type { PipelineError } from '../errors/pipeline-error.js';

/** A failed try: what failed, where, and whether a policy may decide about it. */
export interface FailedTry {
  readonly error: PipelineError;
  /** The number of the try, from 1. */
  readonly attempt: number;
  /** The context where it failed; default: the node's. */
  readonly frame?: ContextFrame | undefined;
  /** Whether it ends the run, whatever the policies say. */
  readonly isFatal?: boolean;
}
