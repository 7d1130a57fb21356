import { clockUnder } from '../../ports/clock.js';
import type { OptionRules } from '../../errors/option-rules.js';
import {
  canHoldOptions,
  invalidOption,
  recordProblems,
  recordRule,
  rule,
} from '../../errors/option-rules.js';
import { amountRule, countRule } from './spending-rules.js';

/** The price of a model, per million tokens. */
export interface CostPrice {
  /** Compared as it is written: `EUR` and `eur` are two currencies. */
  readonly currency: string;
  /** Price of input tokens in units of the currency, not in cents. */
  readonly inputPerMillion: number;
  /** Price of output tokens in units of the currency, not in cents. */
  readonly outputPerMillion: number;
  /** Price of cached input tokens. Default: `inputPerMillion`. */
  readonly cachedInputPerMillion?: number | undefined;
}

// The fields that calls, entries and sums have in common are declared once.

interface OfCall {
  /**
   * Identifies the call within its run and tenant: a call that is recorded twice counts once.
   *
   * In one ledger this also holds for a later run with the same explicit `runId`, so that a restart does not book a
   * call twice. Two calls that share an id by mistake are booked as one.
   */
  readonly callId: string;
  /** Name of the model, chosen freely, by which `total` can group; it selects no price. */
  readonly model: string;
}

/** Tokens and calls that were used. */
export interface CostUsage {
  /** All input tokens, cached ones included. */
  readonly inputTokens: number;
  /** All output tokens that are charged for, hidden reasoning included. */
  readonly outputTokens: number;
  /** Cached input tokens, which are part of `inputTokens`: do not add them again. */
  readonly cachedTokens: number;
  /** Number of calls of models; one entry may stand for several calls. */
  readonly calls: number;
}

/** A call of a model, the argument of `cost.record`. */
export interface CostCall extends OfCall, Pick<CostUsage, 'inputTokens' | 'outputTokens'> {
  /** Cached input tokens, which are part of `inputTokens`. Default: 0. */
  readonly cachedTokens?: number | undefined;
  /** Number of calls of the model. Default: 1. */
  readonly calls?: number | undefined;
  /** Price of the model. Without a price the amount is unknown: null, never 0. */
  readonly price?: CostPrice | undefined;
}

/** A booked call of a model; frozen. */
export interface CostEntry extends OfCall, CostUsage {
  /** Path of the node that recorded the call. */
  readonly path: string;
  /** Cost in units of the currency; null without a price. */
  readonly amount: number | null;
  /** Currency of the price; null without a price. */
  readonly currency: string | null;
  /** Time of booking, by the runner's clock. */
  readonly at: Date;
  /** True if the call was recorded after the end of its run, so that no budget was charged. */
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
 * Checks a {@link CostCall}.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` when a part is wrong or missing; the message names all of them.
 */
export function checkCall(call: CostCall, path: string): void {
  const problems = recordProblems(call, callRules, ['callId', 'model', 'inputTokens', 'outputTokens']);
  if (canHoldOptions(call) && Number(call.cachedTokens) > call.inputTokens) {
    problems.push("'cachedTokens' must be a part of 'inputTokens'");
  }
  if (problems.length > 0) throw invalidOption('cost.record', problems.join('; '), path);
}

/** Makes the entry of a call, with its amount. */
export function costEntry(
  call: CostCall,
  path: string,
  isLate: boolean,
  clock = clockUnder(undefined),
): CostEntry {
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
