import { AsyncResource } from 'node:async_hooks';
import { inspect } from 'node:util';
import { isThenable, toPromise } from '../data/foreign-value.js';
import { invalidOption } from '../errors/option-rules.js';
import type { CancelReason } from '../errors/cancel-reason.js';
import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';
import { quietly } from './bound-logger.js';
import { BudgetMeter } from './spending/budget-meter.js';
import { ledgerAt } from './spending/cost-ledger.js';
import type { CostLedger } from './spending/cost-ledger.js';
import { readCarrier, writeCarrier } from './run-carrier.js';
import type { CarrierHost, RunCarrier } from './run-carrier.js';
import type { RunContextFields } from './run-fields.js';
import { printedFieldNames } from './run-fields.js';
import type { RunParts } from './run-parts.js';
import type { SecretScope } from './secrets/secret-scope.js';
import type { Session } from './session/session.js';
import { tenantRequired } from './tenant-required.js';

/** Returns the parts behind a run context. Users cannot reach this function, as a scope can cancel other work. */
export let partsOf: (run: RunContext) => RunParts;

/**
 * Shows the current run: ids, tenant, secrets, costs, budget, session, logger and cancellation.
 *
 * Costs, reads of secrets and log lines of a node's own `context.run` are recorded under the path of that node.
 *
 * @example
 * {@includeCode ../../examples/api/run-context.ts}
 */
export class RunContext implements RunContextFields {
  static {
    partsOf = (run) => run.#parts;
    // A bundler may rename a class whose code refers to itself; errors and logs show the name.
    Object.defineProperty(this, 'name', { value: 'RunContext' });
  }

  readonly #parts: RunParts;
  readonly #path: string;
  #secrets: SecretScope | undefined;
  #cost: CostLedger | undefined;
  #session: Session | undefined;
  #clock: Clock | undefined;

  /** @hidden */
  constructor(parts: RunParts, path: string) {
    this.#parts = parts;
    this.#path = path;
  }

  /** Id of the run: a new one per run, unless the caller gave one; children share it by default. */
  get runId(): string {
    return this.#parts.identity.get('runId');
  }

  /** Id of the run at the top of the tree of runs; in that run the same as `runId`. */
  get rootRunId(): string {
    return this.#parts.identity.get('rootRunId');
  }

  /** Id of the run that started this one; undefined at the top. */
  get parentRunId(): string | undefined {
    return this.#parts.identity.get('parentRunId');
  }

  /** Id of the earlier run that the caller named; undefined in a child that is a run of its own. */
  get followUpToRunId(): string | undefined {
    return this.#parts.identity.get('followUpToRunId');
  }

  /** The caller's id for runs that belong together; the same in a child that is a run of its own. */
  get threadId(): string | undefined {
    return this.#parts.identity.get('threadId');
  }

  /** Id of the request that the run serves. */
  get correlationId(): string {
    return this.#parts.identity.get('correlationId');
  }

  /** Trace that the run belongs to, as a W3C `traceparent`; undefined if there is none. */
  get traceparent(): string | undefined {
    return this.#parts.identity.get('traceparent');
  }

  /** What tracing systems say of that trace, as a W3C `tracestate`; undefined if they say nothing. */
  get tracestate(): string | undefined {
    return this.#parts.identity.get('tracestate');
  }

  /** Tenant of the run, which no child can change; undefined if none was given. */
  get tenantId(): string | undefined {
    return this.#parts.identity.get('tenantId');
  }

  /** The user or service that requested the run, as a frozen copy of the caller's data. */
  get principal(): Readonly<Record<string, unknown>> | undefined {
    return this.#parts.identity.get('principal');
  }

  /**
   * Returns the tenant, for code that must not run without one.
   *
   * @throws {@link PipelineError} `TENANT_REQUIRED` when the run has no tenant; there is no fallback.
   */
  requireTenant(): string {
    const { tenantId } = this;
    if (tenantId === undefined) throw tenantRequired(this.#path);
    return tenantId;
  }

  /** The secrets that this execution may read. */
  get secrets(): SecretScope {
    const { services, scope } = this.#parts;
    return (this.#secrets ??= services.secrets.at(this.#path, scope));
  }

  /** The costs of the run so far; calls recorded here are charged to the budgets. */
  get cost(): CostLedger {
    const { identity, services, scope } = this.#parts;
    return (this.#cost ??= ledgerAt(
      services.cost,
      this.#path,
      (entry) => {
        scope.budget.charge(entry);
      },
      () => identity.get('runId'),
      scope.clock,
    ));
  }

  /** The memory of the conversation, with this run's own changes. */
  get session(): Session {
    const { services, scope } = this.#parts;
    return (this.#session ??= services.session.at(this.#path, scope));
  }

  /**
   * The runner's clock, which tests can set: ask it for the time, and let it call back.
   *
   * Its timers end with the execution of this pipeline. What their callbacks throw fails that execution.
   */
  get clock(): Clock {
    const { openClock, scope } = this.#parts;
    return (this.#clock ??= openClock?.() ?? scope.clock);
  }

  /** The run's logger, which adds run id, tenant and path to each line. */
  get logger(): Logger {
    return this.#parts.logger;
  }

  /** Aborts when the nearest scope ends: the run, or an enclosing part of it with a limit of its own. */
  get signal(): AbortSignal {
    return this.#parts.scope.signal;
  }

  /** Time at which this work is cancelled, never later than the parent's; undefined without a limit. */
  get deadline(): Date | undefined {
    const { deadlineMs } = this.#parts.scope;
    return deadlineMs === undefined ? undefined : new Date(deadlineMs);
  }

  /** The budget: amounts that may still be spent here and in the enclosing scopes. */
  get budget(): BudgetMeter {
    return new BudgetMeter(this.#parts.scope.budget, this.#path);
  }

  /** Cancels the whole run, from any depth; never throws, and the first reason wins. */
  cancel(reason: CancelReason = { kind: 'user' }): void {
    this.#parts.scope.run.cancel(reason, this.#path);
  }

  /**
   * Calls a listener once when the nearest scope is cancelled, at once if it has been. Dispose the result to remove it.
   *
   * The listener runs in the context in which it was registered. Its errors are logged and change nothing. A listener
   * that is left when its child or try has ended hears the cancel of the nearest open enclosing scope.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` when the listener is no function.
   */
  onCancel(listener: (reason: CancelReason) => unknown): Disposable {
    if (typeof listener !== 'function')
      throw invalidOption('onCancel', 'a function was expected', this.#path);
    const { scope, logger } = this.#parts;
    const failed = (error: unknown): void => {
      quietly(logger, 'error', { error }, 'a cancel listener failed');
    };
    const call = AsyncResource.bind((): void => {
      stop();
      try {
        const { reason } = scope;
        // The end of a source whose items are no longer wanted is no cancel.
        if (reason === undefined || reason.kind === 'finished') return;
        const answer = listener(reason.reason);
        // A rejection of an asynchronous listener is logged, too.
        if (isThenable(answer)) toPromise(answer).catch(failed);
      } catch (error) {
        failed(error);
      }
    });
    const stop = scope.watch(call);
    if (scope.reason !== undefined) call();
    return { [Symbol.dispose]: stop };
  }

  /**
   * Returns the run as plain data, to be continued in another process.
   *
   * The data contains ids, names of secrets, the deadline and the amounts left in budgets; never a secret's value. Where a
   * span of the run's trace is active, such as that of a node, what is continued belongs below that span.
   */
  toCarrier(): RunCarrier {
    const { identity, scope, services } = this.#parts;
    return writeCarrier({
      identity,
      secretNames: services.secrets.names(),
      deadlineMs: scope.deadlineMs,
      budgetLeft: scope.budget.left(),
    });
  }

  /**
   * Restores a run from its carrier, in another process or thread. Pass the result as option `run` to continue the run.
   *
   * A carrier is trusted data and no credential: accept it only from your own systems.
   *
   * @param host services that cannot be carried, such as providers and ledgers; `expectTenantId` refuses the carriers of
   * other tenants.
   * @throws {@link PipelineError} `CARRIER_INVALID` when the carrier is malformed, of another version or another tenant;
   * `OPTION_INVALID` when `host` is wrong.
   */
  static fromCarrier(carrier: RunCarrier, host: CarrierHost = {}): RunContext {
    return new RunContext(readCarrier(carrier, host), '');
  }

  /** Returns the ids only, without limits and the reason of a cancel. */
  toJSON(): Record<string, unknown> {
    return Object.fromEntries(printedFieldNames.map((name) => [name, this[name]]));
  }

  /** @internal */
  [inspect.custom](): string {
    return `RunContext ${inspect(this.toJSON())}`;
  }
}
