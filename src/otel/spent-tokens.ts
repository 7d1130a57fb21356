import type { Attributes } from '@opentelemetry/api';
import type { CostRecorded } from '../ports/execution-observer.js';

/** What calls of models have used and cost, added up for one span. */
export class SpentTokens {
  readonly #models = new Set<string>();
  #inputTokens = 0;
  #outputTokens = 0;
  /** By currency: sums of several currencies are no sum. */
  readonly #amounts = new Map<string, number>();

  add({ model, inputTokens, outputTokens, amount, currency }: CostRecorded): void {
    this.#models.add(model);
    this.#inputTokens += inputTokens;
    this.#outputTokens += outputTokens;
    if (amount !== null && currency !== null)
      this.#amounts.set(currency, (this.#amounts.get(currency) ?? 0) + amount);
  }

  /** In the names of the semantic conventions for generative AI; the model, and the cost, only where there is one. */
  get attributes(): Attributes {
    const [model, ...otherModels] = this.#models;
    const [cost, ...otherCosts] = this.#amounts;
    return {
      'gen_ai.usage.input_tokens': this.#inputTokens,
      'gen_ai.usage.output_tokens': this.#outputTokens,
      ...(model === undefined || otherModels.length > 0 ? {} : { 'gen_ai.request.model': model }),
      ...(cost === undefined || otherCosts.length > 0
        ? {}
        : { 'heirline.cost.currency': cost[0], 'heirline.cost.amount': cost[1] }),
    };
  }
}
