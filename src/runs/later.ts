/** How a promise was settled. */
type Outcome<T> = { readonly value: T } | { readonly reason: unknown };

/**
 * A promise that is settled from outside; only the first call counts.
 *
 * It is made when somebody asks for it. A rejection that nobody handles is no fault: nobody needs to wait for it.
 */
export class Later<T> {
  #promise: Promise<T> | undefined;
  #outcome: Outcome<T> | undefined;
  #settle: ((outcome: Outcome<T>) => void) | undefined;

  get promise(): Promise<T> {
    if (this.#promise === undefined) {
      this.#promise = new Promise<T>((resolve, reject) => {
        this.#settle = (outcome) => {
          if ('value' in outcome) resolve(outcome.value);
          else reject(outcome.reason as Error);
        };
      });
      this.#promise.catch(ignored);
      if (this.#outcome !== undefined) this.#settle?.(this.#outcome);
    }
    return this.#promise;
  }

  resolve(value: T): void {
    this.#end({ value });
  }

  reject(reason: unknown): void {
    this.#end({ reason });
  }

  #end(outcome: Outcome<T>): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#settle?.(outcome);
  }
}

const ignored = (): void => undefined;
