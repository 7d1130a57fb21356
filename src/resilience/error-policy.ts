import { PipelineError } from '../errors/pipeline-error.js';
import { waitBefore } from './delay.js';
import { matchesError } from './error-matcher.js';
import type { ErrorRule, FallbackRule, FallbackValue, FinalDecision, RetryOptions } from './error-rule.js';
import { isPipelineFallback } from './fallback.js';
import { retryOf, ruleProblems } from './policy-rules.js';

/** What a policy says about one failed try. */
export type Decision =
  | { readonly action: FinalDecision }
  | {
      readonly action: 'retry';
      readonly delayMs: number;
      readonly before?: RetryOptions<unknown>['before'];
      /** The rule to ask first if `before` fails. */
      readonly next?: number;
    }
  /** `next` is the rule to ask first if the fallback fails. */
  | {
      readonly action: 'fallback';
      readonly fallback: FallbackRule<unknown>['fallback'];
      readonly next: number;
    };

/** What has happened to an item before the try that is to be decided about. */
export interface TriesSoFar {
  /** How long ago its first try failed. */
  readonly sinceMs: number;
  /** Its latest wait. */
  readonly previousMs: number | undefined;
  /** The first rule that is asked. */
  readonly from: number;
}

const firstTry: TriesSoFar = Object.freeze({ sinceMs: 0, previousMs: undefined, from: 0 });

/** What happens to items that fail: ordered rules, made by {@link errorPolicy}. */
export class ErrorPolicy<out TFallback = never> {
  // A phantom: the type of what fallbacks give, which the node gives too.
  declare private readonly value: TFallback;
  /** In the order of asking: the first that takes the error decides. */
  readonly rules: readonly ErrorRule<unknown>[];

  /** @internal */
  constructor(rules: readonly ErrorRule<unknown>[]) {
    this.rules = Object.freeze(rules.map(frozenRule));
    Object.freeze(this);
  }

  /** Whether any rule lets the run go on. */
  get canRecover(): boolean {
    return this.rules.some(({ then }) => then !== 'fail');
  }

  /** Whether any rule has an item tried again. */
  get canRetry(): boolean {
    return this.rules.some(({ then }) => (retryOf(then)?.attempts ?? 1) > 1);
  }

  /** The sub-pipelines that are fallbacks, each once, in the order of the rules. */
  get pipelines(): readonly object[] {
    return [...new Set(this.fallbacks)].filter(isPipelineFallback);
  }

  /** All that may stand in for a failed item, in the order of the rules. */
  get fallbacks(): readonly FallbackRule<unknown>['fallback'][] {
    return this.rules.flatMap(({ then }) => {
      const ending = retryOf(then)?.exhausted ?? then;
      return typeof ending === 'object' && 'fallback' in ending ? [ending.fallback] : [];
    });
  }

  /**
   * Decides about a failed try: the first rule that chooses the error, and has not had its tries.
   *
   * @param errors the error as it is seen from inside and, at a composite, from outside.
   * @param attempt the number of the try that failed, from 1.
   * @param path the node, for the error.
   * @throws {@link PipelineError} `POLICY_INVALID` when a predicate or a delay throws, or gives no answer at once.
   */
  decide(errors: readonly unknown[], attempt: number, path?: string, soFar = firstTry): Decision {
    for (let index = soFar.from; index < this.rules.length; index += 1) {
      const rule = this.rules[index];
      if (rule === undefined) break;
      const { on, then } = rule;
      const isChosen = on === undefined || errors.some((error) => matchesError(on, error, path));
      if (!isChosen) continue;
      const retry = retryOf(then);
      if (retry !== undefined && attempt < retry.attempts) {
        const { delay, before, withinMs = Infinity } = retry;
        const delayMs = waitBefore(delay, attempt + 1, path, errors[0], soFar.previousMs);
        if (soFar.sinceMs + delayMs <= withinMs)
          return { action: 'retry', delayMs, ...(before === undefined ? {} : { before, next: index + 1 }) };
      }
      const ending = typeof then === 'object' && 'retry' in then ? then.retry.exhausted : then;
      if (typeof ending === 'string') return { action: ending };
      if (ending !== undefined) return { action: 'fallback', fallback: ending.fallback, next: index + 1 };
    }
    return { action: 'fail' };
  }
}

/**
 * Makes a policy of ordered rules: the first that chooses the error decides; none means `fail`.
 *
 * `errorPolicy('skip')` and the like take every error.
 *
 * @throws {@link PipelineError} `POLICY_INVALID` for a wrong rule, or for rules after one without `on` that always decides.
 *
 * @example
 * {@includeCode ../../examples/api/error-policy.ts}
 */
export function errorPolicy<
  const TRules extends readonly [ErrorRule<unknown> | FinalDecision, ...ErrorRule<unknown>[]],
>(...rules: TRules): ErrorPolicy<FallbackValue<TRules[number]>>;
/** Makes a policy of ordered rules, none of which has a fallback. */
export function errorPolicy(...rules: readonly [ErrorRule | FinalDecision, ...ErrorRule[]]): ErrorPolicy;
export function errorPolicy(...rules: readonly (ErrorRule<unknown> | FinalDecision)[]): ErrorPolicy<unknown> {
  const given = (rules.length === 0 ? [undefined] : rules).map((each) =>
    typeof each === 'string' ? { then: each } : each,
  );
  const problems = given.flatMap((each, index) =>
    ruleProblems(each, index === given.length - 1).map((problem) => `rule ${String(index + 1)}: ${problem}`),
  );
  if (problems.length > 0) {
    throw new PipelineError('POLICY_INVALID', {
      problem: `The error policy is wrong: ${problems.join('; ')}.`,
      remedy: 'Correct the rules named.',
    });
  }
  return new ErrorPolicy(given as readonly ErrorRule<unknown>[]);
}

/** A copy that what the caller changes later cannot reach. */
function frozenRule({ on, then }: ErrorRule<unknown>): ErrorRule<unknown> {
  if (typeof then === 'string') return Object.freeze({ on, then });
  if (!('retry' in then)) return Object.freeze({ on, then: frozenFallback(then) });
  const { exhausted } = then.retry;
  const retry = Object.freeze({
    ...then.retry,
    exhausted: typeof exhausted === 'object' ? frozenFallback(exhausted) : exhausted,
  });
  return Object.freeze({ on, then: Object.freeze({ retry }) });
}

function frozenFallback({ fallback }: FallbackRule<unknown>): FallbackRule<unknown> {
  return Object.freeze({ fallback });
}
