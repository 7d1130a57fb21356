import type { Plan } from './plan.js';

const MOST_PLANS = 32;

/** The plans of one definition by the parameters it read, the least recently used out first. */
export class RecentPlans {
  #plans: Plan[] = [];

  get latest(): Plan | undefined {
    return this.#plans[0];
  }

  add(plan: Plan): void {
    this.#plans = [plan, ...this.#plans.slice(0, MOST_PLANS - 1)];
  }

  /** The first plan that fits; it becomes the latest. */
  find(fits: (plan: Plan) => boolean): Plan | undefined {
    const found = this.#plans.find(fits);
    if (found !== undefined && found !== this.#plans[0]) {
      this.#plans = [found, ...this.#plans.filter((plan) => plan !== found)];
    }
    return found;
  }
}
