const MOST_PLANS = 32;

/** Cache of a definition's plans, one per set of parameters read. The least recently used is dropped first. */
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

  /** Returns the first plan that fits, and moves it to the front. */
  find(fits: (plan: TPlan) => boolean): TPlan | undefined {
    const found = this.#plans.find(fits);
    if (found !== undefined && found !== this.#plans[0]) {
      this.#plans = [found, ...this.#plans.filter((plan) => plan !== found)];
    }
    return found;
  }
}
