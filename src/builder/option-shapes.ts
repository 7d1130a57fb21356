import { isInstanceOf } from '../data/foreign-value.js';
import type { ChildInheritance } from '../context/child-inheritance.js';
import { rule } from '../errors/option-rules.js';
import type { OptionRules } from '../errors/option-rules.js';
import { bulkheadNumbers, bulkheadRule } from '../resilience/bulkhead.js';
import { breakerText, CircuitBreaker } from '../resilience/circuit-breaker.js';
import { errorPolicy, ErrorPolicy } from '../resilience/error-policy.js';
import { finalWords, isFinalDecision } from '../resilience/policy-rules.js';
import { outputCardinalities } from '../nodes/composite-options.js';
import type { ItemOptions, NodeOptions, SourceOptions } from '../nodes/node-options.js';
import { budgetRule } from '../run/spending/budget-limits.js';
import { sessionSharings } from '../run/run-services.js';
import type { ResolvedNodeOptions } from './blueprint.js';
import { configurationData, policyText } from './shown-options.js';

/** Judges what may be given as a policy. */
export const isPolicy = (value: unknown): string | undefined =>
  isInstanceOf(value, ErrorPolicy) || isFinalDecision(value)
    ? undefined
    : `a policy made by errorPolicy, or ${finalWords}`;

const isBreaker = (value: unknown): string | undefined =>
  isInstanceOf(value, CircuitBreaker) ? undefined : 'a circuit breaker made by circuitBreaker';

const basic: OptionRules = { name: rule.anything, lifetime: rule.oneOf('execution', 'run') };
const perItem: OptionRules = {
  concurrency: rule.positiveInteger,
  ordered: rule.boolean,
  readAhead: rule.positiveInteger,
  errorPolicy: isPolicy,
  timeoutMs: rule.positiveMilliseconds,
  circuitBreaker: isBreaker,
  bulkhead: bulkheadRule,
};

/** The options that each kind of node knows. */
export const nodeRules = {
  source: { ...basic, idleTimeoutMs: rule.positiveMilliseconds },
  transform: { ...basic, ...perItem },
  'stream-transform': basic,
  operator: { name: rule.anything, errorPolicy: isPolicy },
  sink: { ...basic, ...perItem },
} as const satisfies Record<string, OptionRules>;

/** The options that a composite knows; those about its child's context are judged where they are compiled. */
export const compositeRules: OptionRules = {
  name: rule.anything,
  ...perItem,
  granularity: rule.oneOf('item', 'stream'),
  output: rule.oneOf(...outputCardinalities),
  cancellable: rule.boolean,
  budget: budgetRule,
  secrets: rule.texts,
  session: rule.oneOf(...sessionSharings),
  contextConfiguration: rule.anything,
  configureContext: rule.anything,
  with: rule.anything,
  input: rule.callable,
  combine: rule.callable,
};

const perItemOnly = [
  'output',
  'concurrency',
  'ordered',
  'readAhead',
  'timeoutMs',
  'circuitBreaker',
  'bulkhead',
  'cancellable',
  'input',
  'combine',
] as const;

/** What makes no sense for a sub-pipeline that runs once over the whole stream. */
export function streamCompositeProblems(options: Readonly<Record<string, unknown>>): string[] {
  const problems = perItemOnly
    .filter((name) => options[name] !== undefined)
    .map(
      (name) =>
        `'${name}' is about single items, but with granularity 'stream' the child runs once over all of them`,
    );
  const policy = options['errorPolicy'];
  if (policy !== undefined && policy !== 'fail' && !(isInstanceOf(policy, ErrorPolicy) && !policy.canRecover))
    problems.push("'errorPolicy' other than 'fail' is about single items");
  if (typeof options['with'] === 'function')
    problems.push("'with' as a function is asked per item; give constant values");
  return problems;
}

/** What guards calls for single items makes no sense where the code takes, or gives, a whole stream. */
export function guardProblems(
  options: Readonly<Pick<ItemOptions, 'circuitBreaker' | 'bulkhead'>>,
  rules: OptionRules,
): string[] {
  return (['circuitBreaker', 'bulkhead'] as const)
    .filter((name) => !(name in rules) && options[name] !== undefined)
    .map(
      (name) =>
        `'${name}' guards calls for single items; give it to a transform, a sink, or a composite that runs per item`,
    );
}

/** What is wrong with how far a node reads ahead, though each value alone may be fine. */
export function readAheadProblems({ concurrency, ordered, readAhead }: ItemOptions<unknown>): string[] {
  if (readAhead === undefined) return [];
  if (ordered === false)
    return ["'readAhead' is about results held for the order; leave it out, or leave out 'ordered: false'"];
  // A number that is given may come from a configuration, and be 1.
  if (concurrency === undefined)
    return ["'readAhead' is about several items at once; give 'concurrency', or leave it out"];
  return Number.isSafeInteger(readAhead) && Number.isSafeInteger(concurrency) && readAhead < concurrency
    ? [`'readAhead' must be at least 'concurrency', which is ${String(concurrency)}`]
    : [];
}

/** A node's options with their defaults; wrong values are reported elsewhere and read as the default here. */
export function resolveOptions(options: NodeOptions<unknown> & SourceOptions): ResolvedNodeOptions {
  const { concurrency = 1, errorPolicy: policy } = options;
  return Object.freeze({
    concurrency,
    ordered: options.ordered ?? true,
    readAhead: options.readAhead ?? (Number.isSafeInteger(concurrency) ? 2 * concurrency : 1),
    errorPolicy: policyOf(policy),
    timeoutMs: options.timeoutMs,
    circuitBreaker: isInstanceOf(options.circuitBreaker, CircuitBreaker) ? options.circuitBreaker : undefined,
    bulkhead: bulkheadNumbers(options.bulkhead),
    idleTimeoutMs: options.idleTimeoutMs,
    lifetime: options.lifetime ?? 'execution',
  });
}

/** A policy that was given, or its short form; undefined for what is neither, which is reported elsewhere. */
export function policyOf(given: unknown): ErrorPolicy<unknown> | undefined {
  if (isInstanceOf(given, ErrorPolicy)) return given;
  return isFinalDecision(given) ? errorPolicy(given) : undefined;
}

/** The options that were given, as data for drawings and tools. */
export function shownOptions(
  options: Readonly<Record<string, unknown>>,
  inheritance: ChildInheritance | undefined,
): Readonly<Record<string, unknown>> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (
      value === undefined ||
      name === 'name' ||
      name === 'configureContext' ||
      name === 'contextConfiguration'
    )
      continue;
    if (name === 'with') shown[name] = typeof value === 'function' ? 'per item' : 'constant';
    else if (typeof value === 'function') shown[name] = name === 'combine' ? 'per output' : 'per item';
    else if (isInstanceOf(value, CircuitBreaker)) shown[name] = breakerText(value);
    else shown[name] = isInstanceOf(value, ErrorPolicy) ? policyText(value) : value;
  }
  if (inheritance !== undefined) shown['contextConfiguration'] = configurationData(inheritance);
  return Object.freeze(shown);
}
