import { rule } from '../errors/option-rules.js';
import type { OptionRules } from '../errors/option-rules.js';
import { budgetRule } from './spending/budget-limits.js';
import type { BudgetLimits } from './spending/budget-limits.js';
import { CostLedger } from './spending/cost-ledger.js';
import type { SecretProvider } from './secrets/secret-provider.js';
import { SessionState } from './session/session-state.js';

/** Options of a run, given before it starts. */
export interface RunContextOptions {
  /**
   * Id of the run. Default: a new id per run.
   *
   * The id of the run that starts this one is refused: to join that run, give `run: context.run`.
   */
  readonly runId?: string | undefined;
  /**
   * Tenant of the run; children cannot change it. Default: the tenant of the run that starts this one.
   *
   * With a tenant other than that of the starting run, its principal and secrets are not taken over.
   */
  readonly tenantId?: string | undefined;
  /** The user or service that requested the run, as any data; copied and frozen. Default: that of the starting run. */
  readonly principal?: Readonly<Record<string, unknown>> | undefined;
  /** Id shared by runs that belong together, such as those of a conversation; only recorded. */
  readonly threadId?: string | undefined;
  /** The `runId` of an earlier run that this run continues; only recorded. */
  readonly followUpToRunId?: string | undefined;
  /**
   * Id of the request that this run serves. Default: that of the starting run, else a new one.
   *
   * An id that is not 1 to 512 printable ASCII characters is ignored.
   */
  readonly correlationId?: string | undefined;
  /**
   * Trace that the run belongs to, as a W3C `traceparent`; an invalid one is ignored.
   *
   * Default: that of the active OpenTelemetry span, else that of the starting run.
   */
  readonly traceparent?: string | undefined;
  /** What tracing systems say of that trace, as a W3C `tracestate`; ignored if invalid, and without a `traceparent`. */
  readonly tracestate?: string | undefined;
  /** Provider of secrets. Default: the secrets of the starting run, else the environment. */
  readonly secrets?: SecretProvider | undefined;
  /** Ledger for the costs, which may be shared by several runs. Default: a new ledger per run. */
  readonly cost?: CostLedger | undefined;
  /** Memory of the conversation; the run's writes are committed only if it succeeds. */
  readonly session?: SessionState | undefined;
  /** Signal that cancels the run; a reason of type `CancelReason` is kept. */
  readonly signal?: AbortSignal | undefined;
  /** Cancels the run this many milliseconds after its start. */
  readonly timeoutMs?: number | undefined;
  /** Cancels the run at this time; with a time in the past the run rejects before anything starts. */
  readonly deadline?: Date | undefined;
  /** Limits of the run's spending; the run is cancelled when one is passed. */
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
  tracestate: rule.anything,
  secrets: rule.having('resolve'),
  cost: rule.instanceOf(CostLedger),
  session: rule.instanceOf(SessionState),
  signal: rule.signal,
  timeoutMs: rule.milliseconds,
  deadline: rule.date,
  budget: budgetRule,
};
