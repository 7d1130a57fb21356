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
  #resolve: ((value: T) => void) | undefined;
  #reject: ((reason: unknown) => void) | undefined;

  get promise(): Promise<T> {
    if (this.#promise === undefined) {
      this.#promise = new Promise<T>((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
      });
      this.#promise.catch(ignored);
      this.#settle();
    }
    return this.#promise;
  }

  resolve(value: T): void {
    this.#outcome ??= { value };
    this.#settle();
  }

  reject(reason: unknown): void {
    this.#outcome ??= { reason };
    this.#settle();
  }

  #settle(): void {
    if (this.#outcome === undefined) return;
    if ('value' in this.#outcome) this.#resolve?.(this.#outcome.value);
    else this.#reject?.(this.#outcome.reason);
  }
}

const ignored = (): void => undefined;
