const MOST_PLANS = 32;

/** The plans of one definition by the parameters it read, the least recently used out first. */
export class RecentPlans<TPlan> {
  #plans: readonly TPlan[] = [];

  get latest(): TPlan | undefined {
    return this.#plans[0];
  }

  add(plan: TPlan): void {
    this.#plans = [plan, ...this.#plans.slice(0, MOST_PLANS - 1)];
  }

  remove(plan: TPlan): void {
    this.#plans = this.#plans.filter((kept) => kept !== plan);
  }

  /** The first plan that fits; it becomes the latest. */
  find(fits: (plan: TPlan) => boolean): TPlan | undefined {
    const found = this.#plans.find(fits);
    if (found !== undefined && found !== this.#plans[0]) {
      this.#plans = [found, ...this.#plans.filter((plan) => plan !== found)];
    }
    return found;
  }
}
