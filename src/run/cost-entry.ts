import type { OptionRules } from '../errors/option-rules.js';
import { canHoldOptions, invalidOption, rule } from '../errors/option-rules.js';
import { amountRule, countRule, recordProblems, recordRule } from './spending-rules.js';

/** What a model costs, per million tokens. */
export interface CostPrice {
  readonly currency: string;
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
  /** Default: as other input. */
  readonly cachedInputPerMillion?: number | undefined;
}

/** A call of a model, as it is given to `cost.record`. */
export interface CostCall {
  /** Identifies the call within its run: one that is recorded again counts once. */
  readonly callId: string;
  readonly model: string;
  /** All input, cached tokens included. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The part of the input that was cached. Default: 0. */
  readonly cachedTokens?: number | undefined;
  /** How many calls these were. Default: 1. */
  readonly calls?: number | undefined;
  /** Without one, the amount is unknown: null, never 0. */
  readonly price?: CostPrice | undefined;
}

/** A call as it was booked; frozen. */
export interface CostEntry {
  readonly callId: string;
  /** Where it was booked: the path of the node. */
  readonly path: string;
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly calls: number;
  /** Null without a price. */
  readonly amount: number | null;
  /** Null without a price. */
  readonly currency: string | null;
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
export function costEntry(call: CostCall, path: string, isLate: boolean): CostEntry {
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
    at: new Date(),
    ...(isLate ? { late: true } : {}),
  });
}
