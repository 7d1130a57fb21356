import type { ContextFrame } from '../../context/context-frame.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { EmissionTurn } from '../execution/execution.js';

/** A failed try: what failed, with which item, where, and whether a policy may decide about it. */
export interface FailedTry {
  readonly error: PipelineError;
  readonly item: unknown;
  readonly trace: ItemTrace | undefined;
  /** The number of the try, from 1. */
  readonly attempt: number;
  /** Lets the next try emit in its turn, where several children run at once. */
  readonly turn?: EmissionTurn | undefined;
  /** The context where it failed; default: the node's. */
  readonly frame?: ContextFrame | undefined;
  /** Whether it ends the run, whatever the policies say. */
  readonly isFatal?: boolean;
}
