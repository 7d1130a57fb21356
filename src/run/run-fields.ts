import { randomUUID } from 'node:crypto';
import { canHoldOptions, rule } from '../errors/option-rules.js';
import type { OptionRule } from '../errors/option-rules.js';
import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';
import { budgetRule } from './spending/budget-limits.js';
import type { BudgetLimits } from './spending/budget-limits.js';
import type { BudgetMeter } from './spending/budget-meter.js';
import { carriedMoment } from './carried-moment.js';
import type { CostLedger } from './spending/cost-ledger.js';
import { isPlainData } from '../data/plain-data.js';
import type { SecretScope } from './secrets/secret-scope.js';
import type { Session } from './session/session.js';

/** The fields that identify a run; fixed when the run starts. */
export interface IdentityFields {
  /** Id of the run, from the caller or new; children share it unless their composite says otherwise. */
  readonly runId: string;
  /** Id of the run at the top of the tree of runs; in that run the same as `runId`. */
  readonly rootRunId: string;
  /** Id of the run that started this one; undefined at the top. */
  readonly parentRunId: string | undefined;
  /** Id of the earlier run that the caller named; nothing else is taken over from that run. */
  readonly followUpToRunId: string | undefined;
  /** The caller's id for runs that belong together; it selects no session. */
  readonly threadId: string | undefined;
  /** Id of the request that the run serves; a new one if the caller's was invalid. */
  readonly correlationId: string;
  /** Trace as a W3C `traceparent`; undefined if none was given or inherited, and no span is active. */
  readonly traceparent: string | undefined;
  /** What tracing systems say of that trace, as a W3C `tracestate`; undefined if they say nothing. */
  readonly tracestate: string | undefined;
  /** Tenant of the run; use `requireTenant()` in code that must not run without one. */
  readonly tenantId: string | undefined;
  /** The user or service that requested the run, as a frozen copy. A carrier contains it only if it is plain data. */
  readonly principal: Readonly<Record<string, unknown>> | undefined;
}

/** All fields of a run context. */
export interface RunContextFields extends IdentityFields {
  /** The secrets that this execution may read; may be fewer than those of the run. */
  readonly secrets: SecretScope;
  /** The costs of the run; calls recorded here are charged to the budgets. */
  readonly cost: CostLedger;
  /** Logger that adds run id, tenant and path to each line, and hides secrets. */
  readonly logger: Logger;
  /** The memory of the conversation; writes are committed only if the run succeeds. */
  readonly session: Session;
  /** Aborts when the nearest scope ends, which may be only a part of the run. */
  readonly signal: AbortSignal;
  /** The earliest deadline of this scope and those around; undefined without a limit. */
  readonly deadline: Date | undefined;
  /** The budget: amounts that may be spent here and in the scopes around. */
  readonly budget: BudgetMeter;
  /** The runner's clock; timers end with the execution that set them. */
  readonly clock: Clock;
}

/** Reads the fields that identify a run; a field is made when it is first read. */
export interface IdentityReader {
  get<TName extends keyof IdentityFields>(name: TName): IdentityFields[TName];
}

/** The values from which a carrier is written. */
export interface CarrierSource {
  readonly identity: IdentityReader;
  readonly secretNames: readonly string[];
  readonly deadlineMs: number | undefined;
  readonly budgetLeft: BudgetLimits | undefined;
}

/** How a field is written to a carrier, and validated when read. */
interface CarrierRule {
  /** Returns the field as plain data; undefined to leave it out. */
  readonly write: (source: CarrierSource) => unknown;
  readonly expected: OptionRule;
  /** True if a carrier without this field is invalid. */
  readonly isRequired: boolean;
}

/** How one field of a run context is passed to children, captured contexts and carriers. */
interface FieldRule {
  /** In a child: `same` as the parent's, `narrowed` to a part of it, or an own one `below` the parent's. */
  readonly child: 'same' | 'narrowed' | 'below';
  /** In a captured context or a queue's item: `copied`, the `same`, or an `own` one without a limit. */
  readonly capture: 'copied' | 'same' | 'own';
  /** In a carrier; undefined for a field that cannot leave the process. */
  readonly carrier: CarrierRule | undefined;
}

/** Default of a field that was not given: the same as in the run above, or made by a function. */
type Origin<TValue> = 'same' | ((above: IdentityReader) => TValue);

/** How a field that identifies a run gets its default. */
interface IdentityRule<TValue> extends FieldRule {
  /** Default in a child that is a run of its own, that is without `inheritRunIdentity`. */
  readonly childRun: Origin<TValue>;
  /** Default in a run that another run starts. `behalf`: that of the run for whose tenant the new one acts, if any. */
  readonly startedRun: Origin<TValue> | 'behalf';
  /** Makes the default in a run at the top. */
  readonly make: (own: IdentityReader) => TValue;
  readonly isPrinted: boolean;
}

const none = (): undefined => undefined;
const fresh = (): string => randomUUID();
const runIdOf = (reader: IdentityReader): string => reader.get('runId');

const text = { expected: rule.text, isRequired: false };
const requiredText = { expected: rule.text, isRequired: true };

type Origins<TName extends keyof IdentityFields> = Pick<
  IdentityRule<IdentityFields[TName]>,
  'childRun' | 'startedRun'
> & { readonly make?: (own: IdentityReader) => IdentityFields[TName] };

function identityField<TName extends keyof IdentityFields>(
  name: TName,
  { childRun, startedRun, make = none as () => never }: Origins<TName>,
  carrier: Omit<CarrierRule, 'write'> & Partial<CarrierRule>,
  isPrinted = true,
): IdentityRule<IdentityFields[TName]> {
  return {
    child: 'same',
    childRun,
    startedRun,
    make,
    capture: 'copied',
    carrier: { write: ({ identity }) => identity.get(name), ...carrier },
    isPrinted,
  };
}

/** The fields that identify a run. */
const identityFields: { readonly [TName in keyof IdentityFields]: IdentityRule<IdentityFields[TName]> } = {
  runId: identityField('runId', { childRun: fresh, startedRun: fresh, make: fresh }, requiredText),
  rootRunId: identityField(
    'rootRunId',
    { childRun: 'same', startedRun: 'same', make: runIdOf },
    requiredText,
  ),
  parentRunId: identityField('parentRunId', { childRun: runIdOf, startedRun: runIdOf }, text),
  followUpToRunId: identityField('followUpToRunId', { childRun: none, startedRun: none }, text),
  threadId: identityField('threadId', { childRun: 'same', startedRun: none }, text),
  correlationId: identityField(
    'correlationId',
    { childRun: 'same', startedRun: 'same', make: fresh },
    requiredText,
  ),
  traceparent: identityField('traceparent', { childRun: 'same', startedRun: 'same' }, text),
  tracestate: identityField('tracestate', { childRun: 'same', startedRun: 'same' }, text),
  tenantId: identityField('tenantId', { childRun: 'same', startedRun: 'behalf' }, text),
  principal: identityField(
    'principal',
    { childRun: 'same', startedRun: 'behalf' },
    {
      expected: (value) => (canHoldOptions(value) ? undefined : 'a plain object of plain data'),
      isRequired: false,
      write: ({ identity }) => {
        const principal = identity.get('principal');
        return isPlainData(principal) ? principal : undefined;
      },
    },
    false,
  ),
};

/**
 * All fields of a run context, with the rules for children, captured contexts and carriers.
 *
 * Identities, captured contexts, carriers and their tests are derived from this list. The compiler checks that
 * `RunContext` has exactly these fields.
 */
export const runFields = {
  ...identityFields,
  secrets: {
    child: 'narrowed',
    capture: 'same',
    carrier: {
      write: ({ secretNames }) => secretNames,
      expected: rule.texts,
      isRequired: true,
    },
  },
  cost: { child: 'same', capture: 'same', carrier: undefined },
  logger: { child: 'same', capture: 'same', carrier: undefined },
  session: { child: 'narrowed', capture: 'same', carrier: undefined },
  signal: { child: 'below', capture: 'own', carrier: undefined },
  deadline: {
    child: 'below',
    capture: 'own',
    carrier: {
      write: ({ deadlineMs }) => (deadlineMs === undefined ? undefined : new Date(deadlineMs).toISOString()),
      expected: carriedMoment,
      isRequired: false,
    },
  },
  budget: {
    child: 'below',
    capture: 'own',
    carrier: { write: ({ budgetLeft }) => budgetLeft, expected: budgetRule, isRequired: false },
  },
  clock: { child: 'same', capture: 'same', carrier: undefined },
} as const satisfies Readonly<Record<keyof RunContextFields, FieldRule>>;

/** The names of the fields that identify a run. */
export const identityFieldNames = Object.keys(identityFields) as (keyof IdentityFields)[];

/** Returns the rule of a field that identifies a run. */
export function identityRule<TName extends keyof IdentityFields>(
  name: TName,
): IdentityRule<IdentityFields[TName]> {
  return identityFields[name];
}

/** The names of the fields that a printed context shows, in their order. */
export const printedFieldNames = identityFieldNames.filter((name) => identityFields[name].isPrinted);
