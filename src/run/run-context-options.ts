import { rule } from '../errors/option-rules.js';
import type { OptionRules } from '../errors/option-rules.js';

/** What a caller says about a run before it starts. */
export interface RunContextOptions {
  /** Default: a new id per run. */
  readonly runId?: string | undefined;
  /** An id for runs that belong together, such as those of a conversation; only noted. */
  readonly threadId?: string | undefined;
  /** The `runId` of the run that this one goes on from; only noted. */
  readonly followUpToRunId?: string | undefined;
  /** The id of the request that this run serves. Default: a new one. */
  readonly correlationId?: string | undefined;
  /** Cancels the run when it aborts; a reason that is a `CancelReason` is kept. */
  readonly signal?: AbortSignal | undefined;
  /** Cancels the run this many milliseconds after its start. */
  readonly timeoutMs?: number | undefined;
  /** Cancels the run at this moment; one in the past is valid: the run rejects before anything starts. */
  readonly deadline?: Date | undefined;
}

/** The rules of {@link RunContextOptions}. */
export const runContextRules: OptionRules = {
  runId: rule.text,
  threadId: rule.text,
  followUpToRunId: rule.text,
  correlationId: rule.anything,
  signal: rule.signal,
  timeoutMs: rule.milliseconds,
  deadline: rule.date,
};
