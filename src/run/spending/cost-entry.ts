import { systemClock } from '../../ports/clock.js';
import type { OptionRules } from '../../errors/option-rules.js';
import { canHoldOptions, invalidOption, rule } from '../../errors/option-rules.js';
import { amountRule, countRule, recordProblems, recordRule } from './spending-rules.js';

/** What a model costs, per million tokens. */
export interface CostPrice {
  /** Compared as it is written: `EUR` and `eur` are two currencies. */
  readonly currency: string;
  /** In units of the currency, not in cents. */
  readonly inputPerMillion: number;
  /** As for input. */
  readonly outputPerMillion: number;
  /** Default: as other input. */
  readonly cachedInputPerMillion?: number | undefined;
}

// What a call, its entry and a sum of entries say alike is described once.

interface OfCall {
  /**
   * Identifies the call within its run and tenant: one that is recorded again counts once.
   *
   * In one ledger that holds also for a later run with the same explicit `runId`, so that a restart does not book
   * twice. Two calls that share an id by mistake are booked as one.
   */
  readonly callId: string;
  /** A name of your own choice, by which `total` can sum up; it selects no price. */
  readonly model: string;
}

/** What was used. */
export interface CostUsage {
  /** All input, cached tokens included. */
  readonly inputTokens: number;
  /** All that the model wrote and that is charged for, hidden reasoning included. */
  readonly outputTokens: number;
  /** The part of the input that was cached: do not add it to `inputTokens`. */
  readonly cachedTokens: number;
  /** Calls of models, which may be more than entries: one entry can stand for several. */
  readonly calls: number;
}

/** A call of a model, as it is given to `cost.record`. */
export interface CostCall extends OfCall, Pick<CostUsage, 'inputTokens' | 'outputTokens'> {
  /** The part of the input that was cached. Default: 0. */
  readonly cachedTokens?: number | undefined;
  /** How many calls these were. Default: 1. */
  readonly calls?: number | undefined;
  /** Without one, the amount is unknown: null, never 0. */
  readonly price?: CostPrice | undefined;
}

/** A call as it was booked; frozen. */
export interface CostEntry extends OfCall, CostUsage {
  /** Where it was booked: the path of the node. */
  readonly path: string;
  /** Null without a price. */
  readonly amount: number | null;
  /** Null without a price. */
  readonly currency: string | null;
  /** When it was booked, by the runner's clock. */
  readonly at: Date;
  /** Booked after the end of its run: no budget was charged. */
  readonly late?: true;
}

const priceRule = recordRule(
  'a price',
  {
    currency: rule.text,
    inputPerMillion: amountRule,
    outputPerMillion: amountRule,
    cachedInputPerMillion: amountRule,
  },
  ['currency', 'inputPerMillion', 'outputPerMillion'],
);

const callRules: OptionRules = {
  callId: rule.text,
  model: rule.text,
  inputTokens: countRule,
  outputTokens: countRule,
  cachedTokens: countRule,
  calls: countRule,
  price: priceRule,
};

/**
 * Refuses what is no {@link CostCall}.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` with everything wrong named.
 */
export function checkCall(call: CostCall, path: string): void {
  const problems = recordProblems(call, callRules, ['callId', 'model', 'inputTokens', 'outputTokens']);
  if (canHoldOptions(call) && Number(call.cachedTokens) > call.inputTokens) {
    problems.push("'cachedTokens' must be a part of 'inputTokens'");
  }
  if (problems.length > 0) throw invalidOption('cost.record', problems.join('; '), path);
}

/** The entry of a call, priced. */
export function costEntry(call: CostCall, path: string, isLate: boolean, clock = systemClock): CostEntry {
  const { callId, model, inputTokens, outputTokens, cachedTokens = 0, calls = 1, price } = call;
  return Object.freeze({
    callId,
    path,
    model,
    inputTokens,
    outputTokens,
    cachedTokens,
    calls,
    amount:
      price === undefined
        ? null
        : ((inputTokens - cachedTokens) * price.inputPerMillion +
            cachedTokens * (price.cachedInputPerMillion ?? price.inputPerMillion) +
            outputTokens * price.outputPerMillion) /
          1e6,
    currency: price?.currency ?? null,
    at: new Date(clock.now()),
    ...(isLate ? { late: true } : {}),
  });
}
