import { canHoldOptions, invalidOption, optionProblems, rule } from '../errors/option-rules.js';
import { matcherRule } from './error-matcher.js';
import type { ErrorMatcher } from './error-matcher.js';

/** What every circuit breaker says. */
export interface CircuitBreakerBasics {
  /** How long a call that has ended counts, in milliseconds. */
  readonly windowMs: number;
  /** How long calls are refused before one is let through to see whether the circuit may close, in milliseconds. */
  readonly openMs: number;
  /**
   * Which errors count as failures; all others count as success. Default: every error.
   *
   * Asked as the rules of an error policy are: with what the node threw, and at a composite with the error around it too.
   */
  readonly on?: ErrorMatcher | undefined;
  /** `refuse`, the default: items fail with `CIRCUIT_OPEN`. `wait`: items are held, and with them those who send them. */
  readonly whenOpen?: 'refuse' | 'wait' | undefined;
  /** All breakers of this name in a runner have one circuit, and must have equal numbers. Default: one for each path. */
  readonly name?: string | undefined;
}

/** Opens after a number of failures. */
export interface FailureThreshold {
  /** So many failed calls within the window open the circuit. */
  readonly threshold: number;
  /** Not beside `threshold`. */
  readonly ratio?: undefined;
  /** Not beside `threshold`. */
  readonly atLeast?: undefined;
}

/** Opens when too large a part of the calls fails. */
export interface FailureRatioLimit {
  /** This part of the calls within the window, failed, opens the circuit: above 0, at most 1. Counted in tenths of the window. */
  readonly ratio: number;
  /** With fewer calls within the window the circuit stays closed. */
  readonly atLeast: number;
  /** Not beside `ratio`. */
  readonly threshold?: undefined;
}

/** When a circuit breaker opens, and what it does then. */
export type CircuitBreakerOptions = CircuitBreakerBasics & (FailureThreshold | FailureRatioLimit);

/** The numbers of a circuit: those who share one have equal ones. */
export type CircuitNumbers = Pick<CircuitBreakerBasics, 'windowMs' | 'openMs'> &
  (FailureThreshold | FailureRatioLimit);

/** Stops calling what fails too often, for a time; made by {@link circuitBreaker}. */
export class CircuitBreaker {
  static {
    // A bundler renames a class that names itself.
    Object.defineProperty(this, 'name', { value: 'CircuitBreaker' });
  }

  /** When the circuit opens, and for how long. */
  readonly numbers: CircuitNumbers;
  /** Which errors count; undefined for every error. */
  readonly on: ErrorMatcher | undefined;
  /** What becomes of items while the circuit is open. */
  readonly whenOpen: 'refuse' | 'wait';
  /** The name under which the circuit is shared. */
  readonly name: string | undefined;

  /** @internal */
  constructor(options: CircuitBreakerOptions) {
    const { windowMs, openMs } = options;
    this.numbers = Object.freeze(
      options.threshold === undefined
        ? { ratio: options.ratio, atLeast: options.atLeast, windowMs, openMs }
        : { threshold: options.threshold, windowMs, openMs },
    );
    this.on = options.on;
    this.whenOpen = options.whenOpen ?? 'refuse';
    this.name = options.name;
    Object.freeze(this);
  }
}

const ratioRule = (value: unknown): string | undefined =>
  typeof value === 'number' && value > 0 && value <= 1 ? undefined : 'a number above 0, at most 1';

const breakerRules = {
  threshold: rule.positiveInteger,
  ratio: ratioRule,
  atLeast: rule.positiveInteger,
  windowMs: rule.positiveMilliseconds,
  openMs: rule.positiveMilliseconds,
  on: matcherRule,
  whenOpen: rule.oneOf('refuse', 'wait'),
  name: rule.text,
};

/**
 * Makes a circuit breaker for a transform, a sink or a composite: when what it calls fails too often, it is left alone.
 *
 * The circuit is shared by all items, children and runs of a runner. It counts tries that end in an error, `NODE_TIMEOUT`
 * included; refusals and cancels count as nothing.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` with every wrong or missing option.
 *
 * @example
 * {@includeCode ../../examples/api/circuit-breaker.ts}
 */
export function circuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const problems = breakerProblems(options);
  if (problems.length > 0) throw invalidOption('circuitBreaker', problems.join('; '));
  return new CircuitBreaker(options);
}

/** Every wrong, missing or contradictory option, as phrases. */
function breakerProblems(given: Partial<Record<keyof typeof breakerRules, unknown>>): string[] {
  const problems = optionProblems(given, breakerRules);
  if (!canHoldOptions(given)) return problems;
  try {
    const { threshold, ratio, atLeast } = given;
    for (const name of ['windowMs', 'openMs'] as const)
      if (given[name] === undefined) problems.push(`'${name}' is missing`);
    if (threshold === undefined && ratio === undefined)
      problems.push("'threshold' is missing, or 'ratio' with 'atLeast'");
    if (threshold !== undefined && ratio !== undefined)
      problems.push("'threshold' and 'ratio' cannot both decide; leave one out");
    if (ratio !== undefined && atLeast === undefined) problems.push("'atLeast' is missing beside 'ratio'");
    if (ratio === undefined && atLeast !== undefined)
      problems.push("'atLeast' belongs to 'ratio'; leave it out");
  } catch {
    // One that cannot be read is among the problems.
  }
  return problems;
}

/** Whether two circuits would open and close alike. */
export function haveEqualNumbers(one: CircuitNumbers, other: CircuitNumbers): boolean {
  return (
    one.threshold === other.threshold &&
    one.ratio === other.ratio &&
    one.atLeast === other.atLeast &&
    one.windowMs === other.windowMs &&
    one.openMs === other.openMs
  );
}

/** A breaker in words: `5 failures in 10000 ms, open for 30000 ms`. */
export function breakerText({ numbers, whenOpen, name }: CircuitBreaker): string {
  const { threshold, ratio, atLeast, windowMs, openMs } = numbers;
  const opens =
    threshold === undefined
      ? `${String(ratio)} of at least ${String(atLeast)} calls failed in ${String(windowMs)} ms`
      : `${String(threshold)} failed in ${String(windowMs)} ms`;
  const shared = name === undefined ? '' : `'${name}': `;
  return `${shared}${opens}, open for ${String(openMs)} ms${whenOpen === 'wait' ? ', items wait' : ''}`;
}
