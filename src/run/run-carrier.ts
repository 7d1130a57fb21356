import { invalidOption, optionProblems, rule } from '../errors/option-rules.js';
import type { OptionRules } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { silentLogger } from '../ports/logger.js';
import { limitsOf } from './budget-limits.js';
import type { BudgetLimits } from './budget-limits.js';
import { CancelScope } from './cancel-scope.js';
import { Redactor } from './redactor.js';
import { runContextRules } from './run-context-options.js';
import type { RunContextOptions } from './run-context-options.js';
import { identityFieldNames, runFields } from './run-fields.js';
import type { CarrierSource, IdentityFields } from './run-fields.js';
import { RunIdentity } from './run-identity.js';
import type { RunParts } from './run-parts.js';
import { RunServices } from './run-services.js';

const VERSION = 1;

/** A run as plain data, for other threads, processes and machines; it holds no secret's value. */
export interface RunCarrier extends Partial<IdentityFields> {
  /** The form of the carrier. */
  readonly version: typeof VERSION;
  readonly runId: string;
  readonly rootRunId: string;
  readonly correlationId: string;
  /** The names of the secrets that the restored run may read: those asked for so far, or the narrowed list. */
  readonly secrets: readonly string[];
  /** When the work must have ended, in ISO 8601. */
  readonly deadline?: string;
  /** What was left of the budgets. */
  readonly budget?: BudgetLimits;
}

/** What a restored run gets from where it goes on. */
export type CarrierHost = Pick<RunContextOptions, 'secrets' | 'cost' | 'session' | 'signal'> & {
  /** The only tenant whose carrier is accepted. */
  readonly expectTenantId?: string | undefined;
};

const { secrets, cost, session, signal } = runContextRules;
const hostRules = { secrets, cost, session, signal, expectTenantId: rule.text } as OptionRules;

const carried = Object.entries(runFields).flatMap(([name, { carrier }]) =>
  carrier === undefined ? [] : [{ name, ...carrier }],
);

/** Writes a run as plain data: copies of the fields that the list of fields lets out. */
export function writeCarrier(source: CarrierSource): RunCarrier {
  const values = carried.map(({ name, write }) => [name, structuredClone(write(source))] as const);
  const present = values.filter(([, value]) => value !== undefined);
  return Object.freeze({ version: VERSION, ...Object.fromEntries(present) }) as RunCarrier;
}

/**
 * Restores what lies behind a run context.
 *
 * @throws {@link PipelineError} `CARRIER_INVALID`, or `OPTION_INVALID` for a wrong host.
 */
export function readCarrier(given: unknown, host: CarrierHost): RunParts {
  const wrong = optionProblems(host, hostRules);
  if (wrong.length > 0) throw invalidOption('fromCarrier', wrong.join('; '));
  const problems = carrierProblems(given, host.expectTenantId);
  if (problems.length > 0) throw carrierInvalid(problems);
  const carrier = given as RunCarrier;
  const identity = new RunIdentity(
    Object.fromEntries(identityFieldNames.map((name) => [name, carrier[name]])),
  );
  const scope = new CancelScope('');
  scope.limitBudget(limitsOf(carrier.budget));
  scope.dormant = {
    deadlineMs: carrier.deadline === undefined ? undefined : Date.parse(carrier.deadline),
    signal: host.signal,
  };
  const services = RunServices.open(host, {
    identity,
    redactor: new Redactor(),
    logger: silentLogger,
    path: '',
    isRunning: false,
  });
  return {
    identity,
    scope,
    services: services.narrow({ path: 'the carrier', secrets: carrier.secrets, session: 'shared' }),
    logger: silentLogger,
  };
}

function carrierProblems(given: unknown, expectTenantId: string | undefined): string[] {
  if (typeof given !== 'object' || given === null) return ['it is no object'];
  const version: unknown = Reflect.get(given, 'version');
  if (version !== VERSION)
    return [`its version is ${JSON.stringify(version)}, and this library reads ${String(VERSION)}`];
  const problems = carried.flatMap(({ name, expected, isRequired }) => {
    const value: unknown = Reflect.get(given, name);
    if (value === undefined) return isRequired ? [`'${name}' is missing`] : [];
    const wanted = expected(value);
    return wanted === undefined ? [] : [`'${name}' must be ${wanted}`];
  });
  if (expectTenantId !== undefined && Reflect.get(given, 'tenantId') !== expectTenantId)
    problems.push(`it is not of the tenant '${expectTenantId}'`);
  return problems;
}

function carrierInvalid(problems: readonly string[]): PipelineError {
  return new PipelineError('CARRIER_INVALID', {
    problem: `The carrier cannot be restored: ${problems.join('; ')}.`,
    remedy: 'Pass on what toCarrier() gave, unchanged, for the tenant it was made for.',
  });
}
