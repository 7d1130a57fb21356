import { invalidOption, optionProblems, rule } from '../errors/option-rules.js';
import type { OptionRules } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { silentLogger } from '../ports/logger.js';
import { limitsOf } from './spending/budget-limits.js';
import type { BudgetLimits } from './spending/budget-limits.js';
import { CancelScope } from './ending/cancel-scope.js';
import { plainCopy } from '../data/plain-data.js';
import { Redactor } from './secrets/redactor.js';
import { runContextRules } from './run-context-options.js';
import type { RunContextOptions } from './run-context-options.js';
import { identityFieldNames, runFields } from './run-fields.js';
import type { CarrierSource, IdentityFields } from './run-fields.js';
import { RunIdentity } from './run-identity.js';
import { activeTrace, traceIdOf } from './trace-context.js';
import type { TraceContext } from './trace-context.js';
import type { RunParts } from './run-parts.js';
import { RunServices } from './run-services.js';

const VERSION = 1;

/** A run as plain data, to be continued in another thread, process or machine. Contains no values of secrets. */
export interface RunCarrier extends Partial<IdentityFields> {
  /** Version of the carrier's format. */
  readonly version: typeof VERSION;
  readonly runId: string;
  readonly rootRunId: string;
  readonly correlationId: string;
  /** Names of secrets that the restored run may read. Those a composite passes on, else those requested so far. */
  readonly secrets: readonly string[];
  /** Deadline of the work, in ISO 8601; absent without a limit. */
  readonly deadline?: string;
  /** Amounts left in the budgets; absent without a limit. */
  readonly budget?: BudgetLimits;
}

/** Services that a restored run gets in its new process, as they cannot be carried. */
export type CarrierHost = Pick<RunContextOptions, 'secrets' | 'cost' | 'session' | 'signal'> & {
  /** The only tenant whose carrier is accepted. */
  readonly expectTenantId?: string | undefined;
};

const { secrets, cost, session, signal } = runContextRules;
const hostRules = { secrets, cost, session, signal, expectTenantId: rule.text } as OptionRules;

const carried = Object.entries(runFields).flatMap(([name, { carrier }]) =>
  carrier === undefined ? [] : [{ name, ...carrier }],
);

/** Writes a run as plain data: copies of all fields that have a carrier rule in `runFields`. */
export function writeCarrier(source: CarrierSource): RunCarrier {
  const values = carried.map(({ name, write }) => [name, structuredClone(write(source))] as const);
  const all = { ...Object.fromEntries(values), ...activeWithin(source.identity.get('traceparent')) };
  const present = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.freeze({ version: VERSION, ...Object.fromEntries(present) }) as RunCarrier;
}

/** The active span, unless it belongs to another trace than the run. */
function activeWithin(traceparent: string | undefined): TraceContext | undefined {
  const active = activeTrace();
  if (active === undefined || traceparent === undefined) return active;
  return traceIdOf(active.traceparent) === traceIdOf(traceparent) ? active : undefined;
}

/**
 * Restores the parts of a run context from a carrier.
 *
 * @throws {@link PipelineError} `CARRIER_INVALID` when the carrier is wrong, `OPTION_INVALID` when the host is.
 */
export function readCarrier(given: unknown, host: CarrierHost): RunParts {
  const wrong = optionProblems(host, hostRules);
  if (wrong.length > 0) throw invalidOption('fromCarrier', wrong.join('; '));
  const carrier = checkedCarrier(given, host.expectTenantId);
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

/**
 * Checks a carrier and returns a copy of its known fields.
 *
 * Each is read only once, as a getter may change its value.
 */
function checkedCarrier(given: unknown, expectTenantId: string | undefined): RunCarrier {
  if (typeof given !== 'object' || given === null) throw carrierInvalid(['it is no object']);
  const version = readField(given, 'version');
  if (version !== VERSION) {
    const found = typeof version === 'number' ? String(version) : `of type ${typeof version}`;
    throw carrierInvalid([`its version is ${found}, and this library reads ${String(VERSION)}`]);
  }
  const values: Record<string, unknown> = { version };
  const problems = carried.flatMap(({ name, expected, isRequired }) => {
    const value = (values[name] = readField(given, name));
    if (value === undefined) return isRequired ? [`'${name}' is missing`] : [];
    const wanted = expected(value);
    return wanted === undefined ? [] : [`'${name}' must be ${wanted}`];
  });
  if (expectTenantId !== undefined && values['tenantId'] !== expectTenantId)
    problems.push(`it is not of the tenant '${expectTenantId}'`);
  if (problems.length > 0) throw carrierInvalid(problems);
  return values as unknown as RunCarrier;
}

/** Returns a copy of a field. Null, which no rule accepts, if the value is no plain data or cannot be read. */
function readField(given: object, name: string): unknown {
  try {
    const value: unknown = Reflect.get(given, name);
    return value === undefined ? undefined : (plainCopy(value) ?? null);
  } catch {
    return null;
  }
}

function carrierInvalid(problems: readonly string[]): PipelineError {
  return new PipelineError('CARRIER_INVALID', {
    problem: `The carrier cannot be restored: ${problems.join('; ')}.`,
    remedy: 'Pass on what toCarrier() gave, unchanged, for the tenant it was made for.',
  });
}
