import { AsyncResource } from 'node:async_hooks';
import { inspect } from 'node:util';
import { isThenable, toPromise } from '../data/foreign-value.js';
import { invalidOption } from '../errors/option-rules.js';
import type { CancelReason } from '../errors/cancel-reason.js';
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

/** The parts of a run, which a run that joins it shares. No public object leads to them: a scope ends others. */
export let partsOf: (run: RunContext) => RunParts;

/**
 * The run as one execution sees it: who it is and for whom, its secrets, costs, budget and session, and its end.
 *
 * What a node does with its own `context.run` is booked under the path of that node.
 *
 * @example
 * {@includeCode ../../examples/api/run-context.ts}
 */
export class RunContext implements RunContextFields {
  static {
    partsOf = (run) => run.#parts;
    // A bundler renames a class that names itself.
    Object.defineProperty(this, 'name', { value: 'RunContext' });
  }

  readonly #parts: RunParts;
  readonly #path: string;
  #secrets: SecretScope | undefined;
  #cost: CostLedger | undefined;
  #session: Session | undefined;

  /** @hidden */
  constructor(parts: RunParts, path: string) {
    this.#parts = parts;
    this.#path = path;
  }

  /** Identifies the run: new for each, unless the caller gave one; children share it by default. */
  get runId(): string {
    return this.#parts.identity.get('runId');
  }

  /** The run at the top of the tree of runs; the same as `runId` at the top. */
  get rootRunId(): string {
    return this.#parts.identity.get('rootRunId');
  }

  /** The run that started this one, if any. */
  get parentRunId(): string | undefined {
    return this.#parts.identity.get('parentRunId');
  }

  /** The earlier run that the caller named; a child's run of its own has none. */
  get followUpToRunId(): string | undefined {
    return this.#parts.identity.get('followUpToRunId');
  }

  /** The caller's id for runs that belong together; a child's run of its own has the same. */
  get threadId(): string | undefined {
    return this.#parts.identity.get('threadId');
  }

  /** The id of the request that the run serves. */
  get correlationId(): string {
    return this.#parts.identity.get('correlationId');
  }

  /** The trace that the run belongs to, as a W3C `traceparent`. */
  get traceparent(): string | undefined {
    return this.#parts.identity.get('traceparent');
  }

  /** Whose run it is; no child can change it. */
  get tenantId(): string | undefined {
    return this.#parts.identity.get('tenantId');
  }

  /** Who asked for the run, as the caller described them: a frozen copy. */
  get principal(): Readonly<Record<string, unknown>> | undefined {
    return this.#parts.identity.get('principal');
  }

  /**
   * The tenant, for code that must not run without one.
   *
   * @throws {@link PipelineError} `TENANT_REQUIRED` where there is none; nothing falls back.
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

  /** What the run has cost so far; what is recorded here is charged to the budgets. */
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

  /** The memory of the conversation, as this run sees and changes it. */
  get session(): Session {
    const { services, scope } = this.#parts;
    return (this.#session ??= services.session.at(this.#path, scope));
  }

  /** Where this run's log lines go, with the run's id, its tenant and the path added. */
  get logger(): Logger {
    return this.#parts.logger;
  }

  /** Aborts when the nearest scope ends: the run, or an enclosing part of it with a limit of its own. */
  get signal(): AbortSignal {
    return this.#parts.scope.signal;
  }

  /** When the work must have ended, if there is a limit; never later than that of the parent. */
  get deadline(): Date | undefined {
    const { deadlineMs } = this.#parts.scope;
    return deadlineMs === undefined ? undefined : new Date(deadlineMs);
  }

  /** What may still be spent here and in the enclosing scopes. */
  get budget(): BudgetMeter {
    return new BudgetMeter(this.#parts.scope.budget, this.#path);
  }

  /** Cancels the whole run, from any depth; never throws, and the first reason wins. */
  cancel(reason: CancelReason = { kind: 'user' }): void {
    this.#parts.scope.run.cancel(reason, this.#path);
  }

  /**
   * Calls back once when the nearest scope is cancelled, at once if it has been.
   *
   * The listener runs in the context in which it was registered. What it throws is logged and changes nothing. Left
   * by a child or try that has ended, it hears the nearest scope around that is open; dispose what is returned to remove it.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` where it is no function.
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
        // A source that nobody reads any more is no cancel.
        if (reason === undefined || reason.kind === 'finished') return;
        const answer = listener(reason.reason);
        // What an asynchronous listener rejects with is no less lost.
        if (isThenable(answer)) toPromise(answer).catch(failed);
      } catch (error) {
        failed(error);
      }
    });
    const stop = scope.watch(call);
    if (scope.reason !== undefined) call();
    return { [Symbol.dispose]: stop };
  }

  /** This run as plain data, to go on with elsewhere: ids, names of secrets, what is left of limits; never a secret's value. */
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
   * Restores a run from its carrier, in another process or thread; give it as `run` to what goes on with it.
   *
   * A carrier is trusted data and no credential: take it only from where you sent it.
   *
   * @param host what cannot be carried: providers, ledgers, sessions. `expectTenantId` refuses another tenant's carrier.
   * @throws {@link PipelineError} `CARRIER_INVALID` for one that is malformed, of another version or of another tenant.
   */
  static fromCarrier(carrier: RunCarrier, host: CarrierHost = {}): RunContext {
    return new RunContext(readCarrier(carrier, host), '');
  }

  /** The ids only: neither limits nor the reason of a cancel. */
  toJSON(): Record<string, unknown> {
    return Object.fromEntries(printedFieldNames.map((name) => [name, this[name]]));
  }

  /** @internal */
  [inspect.custom](): string {
    return `RunContext ${inspect(this.toJSON())}`;
  }
}
