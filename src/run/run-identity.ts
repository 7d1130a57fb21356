import { frozenCopy } from '../data/frozen-copy.js';
import { identityFieldNames, identityRule } from './run-fields.js';
import type { IdentityFields, IdentityReader } from './run-fields.js';
import { activeTrace, usableTrace } from './trace-context.js';

/** Identifying fields given by the caller. Correlation id and traceparent may come from outside, and be any value. */
export type GivenIdentity = { readonly [TName in keyof IdentityFields]?: IdentityFields[TName] | undefined };

/** Relation of a run to the run above: a composite's child, or started through a runner. */
type Relation = 'childRun' | 'startedRun';

/** The fields that identify a run; a field that was not given is made when it is first read. */
export class RunIdentity implements IdentityReader {
  readonly #values: Partial<Record<keyof IdentityFields, unknown>>;
  readonly #above: RunIdentity | undefined;
  readonly #relation: Relation;

  /** @param above identity of the run that started this one; undefined at the top. */
  constructor(given: GivenIdentity = {}, above?: RunIdentity, relation: Relation = 'startedRun') {
    this.#values = usable(given);
    this.#above = above;
    this.#relation = relation;
  }

  get<TName extends keyof IdentityFields>(name: TName): IdentityFields[TName] {
    const values = this.#values as { [TField in TName]?: IdentityFields[TField] };
    if (!(name in values)) values[name] = this.#make(name);
    return values[name] as IdentityFields[TName];
  }

  /** Makes the identity of a child without `inheritRunIdentity`: a new run, linked to this one. */
  fork(): RunIdentity {
    return new RunIdentity({}, this, 'childRun');
  }

  /** Copies all fields, so that the copy does not keep the identities of runs above in memory. */
  copy(): RunIdentity {
    return new RunIdentity(Object.fromEntries(identityFieldNames.map((name) => [name, this.get(name)])));
  }

  #make<TName extends keyof IdentityFields>(name: TName): IdentityFields[TName] {
    const rule = identityRule(name);
    const above = this.#above;
    if (above === undefined) return rule.make(this);
    const origin = rule[this.#relation];
    // `startedIdentity` has copied these fields from the run for which this one acts, if there is one.
    if (origin === 'behalf') return rule.make(this);
    return origin === 'same' ? above.get(name) : origin(above);
  }
}

/**
 * Makes the identity of a starting run, from the given fields, the starting run, and the active trace.
 *
 * @param above identity of the run that starts this one; undefined at the top.
 * @param behalf identity of the run whose tenant and principal are used if none are given; copied, since otherwise in a
 * chain of runs each would keep the one before in memory.
 */
export function startedIdentity(
  given: GivenIdentity,
  above?: RunIdentity,
  behalf?: IdentityReader,
): RunIdentity {
  const active = usableTrace(given) === undefined ? activeTrace() : undefined;
  if (active === undefined && behalf === undefined) return new RunIdentity(given, above);
  const taken = behalf === undefined ? {} : takenOnBehalf(given, behalf);
  return new RunIdentity({ ...given, ...taken, ...active }, above);
}

function takenOnBehalf(given: GivenIdentity, behalf: IdentityReader): GivenIdentity {
  const names = identityFieldNames.filter(
    (name) => given[name] === undefined && identityRule(name).startedRun === 'behalf',
  );
  return Object.fromEntries(names.map((name) => [name, behalf.get(name)]));
}

/** Returns the given fields, without undefined and invalid ones. */
function usable(given: GivenIdentity): Partial<Record<keyof IdentityFields, unknown>> {
  const values: Partial<Record<keyof IdentityFields, unknown>> = {};
  for (const name of identityFieldNames) {
    const value = given[name];
    if (value === undefined || ofTrace.has(name)) continue;
    const clean = cleaners[name];
    const cleaned = clean === undefined ? value : clean(value);
    if (cleaned !== undefined) values[name] = cleaned;
  }
  // Together: what is said of one trace says nothing about another one.
  return { ...values, ...usableTrace(given) };
}

const ofTrace: ReadonlySet<string> = new Set<keyof IdentityFields>(['traceparent', 'tracestate']);

/** Functions that copy or validate a given field; undefined as result drops the field. */
const cleaners: Partial<Record<keyof IdentityFields, (given: unknown) => unknown>> = {
  // 1 to 512 printable ASCII characters.
  correlationId: (given) =>
    typeof given === 'string' && /^[\x20-\x7e]{1,512}$/.test(given) ? given : undefined,
  principal: (given) => frozenCopy(given, 'run', 'principal'),
};
