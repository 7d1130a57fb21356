import { rule } from '../errors/option-rules.js';
import type { OptionRules } from '../errors/option-rules.js';
import { budgetRule } from './spending/budget-limits.js';
import type { BudgetLimits } from './spending/budget-limits.js';
import { CostLedger } from './spending/cost-ledger.js';
import type { SecretProvider } from './secrets/secret-provider.js';
import { SessionState } from './session/session-state.js';

/** What a caller says about a run before it starts. */
export interface RunContextOptions {
  /** Default: a new id per run. That of the run in which it is started is refused: give `run: context.run` for that. */
  readonly runId?: string | undefined;
  /**
   * Whose run it is; children cannot change it. Default: the tenant of the run in which this one is started.
   *
   * Of another tenant neither principal nor secrets are taken.
   */
  readonly tenantId?: string | undefined;
  /** Who asked for it, as data of your own; copied and frozen. Default: as in the run in which it is started. */
  readonly principal?: Readonly<Record<string, unknown>> | undefined;
  /** An id for runs that belong together, such as those of a conversation; only noted. */
  readonly threadId?: string | undefined;
  /** The `runId` of the run that this one goes on from; only noted. */
  readonly followUpToRunId?: string | undefined;
  /** The id of the request that this run serves; one that is not 1 to 512 printable ASCII characters is replaced. Default: a new one. */
  readonly correlationId?: string | undefined;
  /** The trace this run belongs to, as W3C has it; an invalid one is dropped. Default: that of the active OpenTelemetry span. */
  readonly traceparent?: string | undefined;
  /** Gives the values of secrets. Default: those of the run in which it is started, else the environment. */
  readonly secrets?: SecretProvider | undefined;
  /** Keeps the entries of several runs. Default: each run has a ledger of its own. */
  readonly cost?: CostLedger | undefined;
  /** The memory of the conversation; what the run writes is kept if it succeeds. */
  readonly session?: SessionState | undefined;
  /** Cancels the run when it aborts; a reason that is a `CancelReason` is kept. */
  readonly signal?: AbortSignal | undefined;
  /** Cancels the run this many milliseconds after its start. */
  readonly timeoutMs?: number | undefined;
  /** Cancels the run at this moment; one in the past is valid: the run rejects before anything starts. */
  readonly deadline?: Date | undefined;
  /** What the run may spend; it ends when more is spent. */
  readonly budget?: BudgetLimits | undefined;
}

/** The rules of {@link RunContextOptions}. */
export const runContextRules: OptionRules = {
  runId: rule.text,
  tenantId: rule.text,
  principal: rule.object,
  threadId: rule.text,
  followUpToRunId: rule.text,
  correlationId: rule.anything,
  traceparent: rule.anything,
  secrets: rule.having('resolve'),
  cost: rule.instanceOf(CostLedger),
  session: rule.instanceOf(SessionState),
  signal: rule.signal,
  timeoutMs: rule.milliseconds,
  deadline: rule.date,
  budget: budgetRule,
};
