import { frozenCopy } from '../data/frozen-copy.js';
import { identityFieldNames, identityRule } from './run-fields.js';
import type { IdentityFields, IdentityReader } from './run-fields.js';
import { activeTraceparent, usableTraceparent } from './trace-context.js';

/** What a caller says about who a run is; a correlation id and a traceparent from outside may be anything. */
export type GivenIdentity = { readonly [TName in keyof IdentityFields]?: IdentityFields[TName] | undefined };

/** What a run is to the one above it. */
type Relation = 'childRun' | 'startedRun';

/** Who a run is. What was not given is made when it is first read. */
export class RunIdentity implements IdentityReader {
  readonly #values: Partial<Record<keyof IdentityFields, unknown>>;
  readonly #above: RunIdentity | undefined;
  readonly #relation: Relation;

  /** @param above the run that this one was started by. */
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

  /** The identity of a child that does not inherit this one: a new run, linked to this run. */
  fork(): RunIdentity {
    return new RunIdentity({}, this, 'childRun');
  }

  /** The same identity by value: it holds nothing of the runs above. */
  copy(): RunIdentity {
    return new RunIdentity(Object.fromEntries(identityFieldNames.map((name) => [name, this.get(name)])));
  }

  #make<TName extends keyof IdentityFields>(name: TName): IdentityFields[TName] {
    const rule = identityRule(name);
    const above = this.#above;
    if (above === undefined) return rule.make(this);
    const origin = rule[this.#relation];
    // Given by value where the run acts for another one: see startedIdentity.
    if (origin === 'behalf') return rule.make(this);
    return origin === 'same' ? above.get(name) : origin(above);
  }
}

/**
 * The identity of a run that starts now: of the run that it is started in, and of the trace that is active.
 *
 * @param behalf the run for whose tenant and principal it acts, as far as none are given; taken by value, since of runs
 * that follow one another each would hold the one before.
 */
export function startedIdentity(
  given: GivenIdentity,
  above?: RunIdentity,
  behalf?: IdentityReader,
): RunIdentity {
  const active = usableTraceparent(given.traceparent) === undefined ? activeTraceparent() : undefined;
  if (active === undefined && behalf === undefined) return new RunIdentity(given, above);
  const taken = behalf === undefined ? {} : takenOnBehalf(given, behalf);
  return new RunIdentity({ ...given, ...taken, ...(active !== undefined && { traceparent: active }) }, above);
}

function takenOnBehalf(given: GivenIdentity, behalf: IdentityReader): GivenIdentity {
  const names = identityFieldNames.filter(
    (name) => given[name] === undefined && identityRule(name).startedRun === 'behalf',
  );
  return Object.fromEntries(names.map((name) => [name, behalf.get(name)]));
}

/** What was given, without what is absent or of no use. */
function usable(given: GivenIdentity): Partial<Record<keyof IdentityFields, unknown>> {
  const values: Partial<Record<keyof IdentityFields, unknown>> = {};
  for (const name of identityFieldNames) {
    const value = given[name];
    if (value === undefined) continue;
    const clean = cleaners[name];
    const cleaned = clean === undefined ? value : clean(value);
    if (cleaned !== undefined) values[name] = cleaned;
  }
  return values;
}

/** What is made of a field that comes from outside. */
const cleaners: Partial<Record<keyof IdentityFields, (given: unknown) => unknown>> = {
  // 1 to 512 printable ASCII characters.
  correlationId: (given) =>
    typeof given === 'string' && /^[\x20-\x7e]{1,512}$/.test(given) ? given : undefined,
  traceparent: usableTraceparent,
  principal: (given) => frozenCopy(given, 'run', 'principal'),
};
