import { randomUUID } from 'node:crypto';
import { canHoldOptions, rule } from '../errors/option-rules.js';
import type { OptionRule } from '../errors/option-rules.js';
import type { Logger } from '../ports/logger.js';
import { budgetRule } from './spending/budget-limits.js';
import type { BudgetLimits } from './spending/budget-limits.js';
import type { BudgetMeter } from './spending/budget-meter.js';
import { carriedMoment } from './carried-moment.js';
import type { CostLedger } from './spending/cost-ledger.js';
import { isPlainData } from '../data/plain-data.js';
import type { SecretScope } from './secrets/secret-scope.js';
import type { Session } from './session/session.js';

/** Who a run is: what is settled when it starts. */
export interface IdentityFields {
  /** The caller's or a new one; children share it unless their composite says otherwise. */
  readonly runId: string;
  /** That of the run at the top of the tree of runs; there it is `runId`. */
  readonly rootRunId: string;
  /** The run that started this one; nothing at the top. */
  readonly parentRunId: string | undefined;
  /** The earlier run that the caller named; nothing is taken over from it. */
  readonly followUpToRunId: string | undefined;
  /** The caller's id for runs that belong together; it selects no session. */
  readonly threadId: string | undefined;
  /** The id of the request; a new one where the caller's was unusable. */
  readonly correlationId: string;
  /** The trace, as W3C has it; nothing where the caller's was invalid and no span is active. */
  readonly traceparent: string | undefined;
  /** Whose run it is; `requireTenant()` is for code that must not run without. */
  readonly tenantId: string | undefined;
  /** Who asked for the run: a frozen copy. A carrier takes it along only if it is plain data. */
  readonly principal: Readonly<Record<string, unknown>> | undefined;
}

/** Everything that a run context carries. */
export interface RunContextFields extends IdentityFields {
  /** Those that this execution may read, which may be fewer than the run's. */
  readonly secrets: SecretScope;
  /** The costs of the run; what is recorded here is charged to the budgets. */
  readonly cost: CostLedger;
  /** Adds the run, its tenant and the path to each line, and hides secrets. */
  readonly logger: Logger;
  /** The memory of the conversation; what is written is kept only if the run succeeds. */
  readonly session: Session;
  /** Aborts with the nearest scope, which may be a part of the run only. */
  readonly signal: AbortSignal;
  /** The earliest of this scope and those around it. */
  readonly deadline: Date | undefined;
  /** What may be spent here and in the scopes around. */
  readonly budget: BudgetMeter;
}

/** Reads the fields of an identity, which are made when they are first read. */
export interface IdentityReader {
  get<TName extends keyof IdentityFields>(name: TName): IdentityFields[TName];
}

/** What a carrier is written from. */
export interface CarrierSource {
  readonly identity: IdentityReader;
  readonly secretNames: readonly string[];
  readonly deadlineMs: number | undefined;
  readonly budgetLeft: BudgetLimits | undefined;
}

/** A field in a carrier. */
interface CarrierRule {
  /** Plain data; undefined is left out. */
  readonly write: (source: CarrierSource) => unknown;
  readonly expected: OptionRule;
  /** Whether a carrier without it is malformed. */
  readonly isRequired: boolean;
}

/** What becomes of one field of a run context where work goes on elsewhere. */
interface FieldRule {
  /** In a composite's child: what the parent has, that or less, or something of its own below the parent's. */
  readonly child: 'same' | 'narrowed' | 'below';
  /** In a captured context, and for an item of a queue; `own` is one without a limit. */
  readonly capture: 'copied' | 'same' | 'own';
  /** Undefined where it stays in the process. */
  readonly carrier: CarrierRule | undefined;
}

/** Where a field comes from that was not given: it is the same as in the run above, or made anew. */
type Origin<TValue> = 'same' | ((above: IdentityReader) => TValue);

/** What becomes of a field of the identity in another run. */
interface IdentityRule<TValue> extends FieldRule {
  /** In a child that is a run of its own, since its composite does not pass the run's identity on. */
  readonly childRun: Origin<TValue>;
  /** In a run that is started through a runner; `behalf`: the same as in the run that it acts for, if any. */
  readonly startedRun: Origin<TValue> | 'behalf';
  /** At the top. */
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
 * The one list of what a run context carries, with what becomes of each field in a child, a capture and a carrier.
 *
 * Identities, captures, carriers and their tests are made from it; that `RunContext` has these fields and no others
 * is checked by the compiler.
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
} as const satisfies Readonly<Record<keyof RunContextFields, FieldRule>>;

/** The names of the fields that identify a run. */
export const identityFieldNames = Object.keys(identityFields) as (keyof IdentityFields)[];

/** How a field of the identity comes about. */
export function identityRule<TName extends keyof IdentityFields>(
  name: TName,
): IdentityRule<IdentityFields[TName]> {
  return identityFields[name];
}

/** The names of the fields that are shown where a context is printed, in their order. */
export const printedFieldNames = identityFieldNames.filter((name) => identityFields[name].isPrinted);
