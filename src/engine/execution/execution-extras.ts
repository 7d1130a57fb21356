import type { PipelineContext } from '../../context/pipeline-context.js';
import type { ContextFrame } from '../../context/context-frame.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import type { ActiveScopes } from './active-scopes.js';
import type { Closing } from './closing-steps.js';
import type { CollectedFailures } from './failures.js';
import type { HeldLetters } from './held-letters.js';
import type { Lingering } from './lingering.js';
import type { Losses } from './losses.js';
import type { StageSite } from './stage-site.js';

/** What only few executions have: made when it is first needed. */
export class ExecutionExtras {
  context: PipelineContext | undefined;
  failedStage: StageSite | undefined;
  failedFrame: ContextFrame | undefined;
  isFatal = false;
  isSettled = false;
  handled: HandledError | undefined;
  isDetached = false;
  closing: Closing | undefined;
  letters: HeldLetters | undefined;
  stops: Set<() => void> | undefined;
  scopes: ActiveScopes | undefined;
  /** Stop watching for the end of its scope. */
  watches: Set<() => void> | undefined;
  lingering: Lingering | undefined;
  collected: CollectedFailures | undefined;
  held: Set<HeldCall> | undefined;
  losses: Losses | undefined;
  isCountedApart = false;
}

/** A call that holds a place which it must give back, whatever becomes of the call. */
export interface HeldCall {
  /** Gives the place back; the call tells nothing any more. */
  cancelled(): void;
}

/** An error that a policy has answered by leaving the item out, and the node whose policy that was. */
export interface HandledError {
  readonly path: string;
  readonly error: PipelineError;
}
