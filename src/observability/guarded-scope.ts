import type { ActiveScope } from '../ports/execution-observer.js';

/** A scope of a user, which cannot keep the code that runs in it from being called once, nor change what that gives. */
export class GuardedScope implements ActiveScope {
  #isLeftOut = false;

  constructor(
    private readonly scope: ActiveScope,
    /** Takes what the scope has thrown, once. */
    private readonly report: (thrown: unknown) => void,
  ) {}

  run<TArguments extends unknown[], TResult>(
    fn: (...args: TArguments) => TResult,
    ...args: TArguments
  ): TResult {
    if (this.#isLeftOut) return fn(...args);
    const once = new SingleCall(fn, args);
    try {
      this.scope.run(once.call);
      if (!once.isCalled) this.#leaveOut(new TypeError("its 'run' did not call the function at once"));
    } catch (thrown) {
      if (!once.hasThrown(thrown)) this.#leaveOut(thrown);
    }
    return once.call();
  }

  #leaveOut(thrown: unknown): void {
    this.#isLeftOut = true;
    this.report(thrown);
  }
}

/** A call that is made once, however often it is asked for. */
class SingleCall<TArguments extends unknown[], TResult> {
  #returned: { readonly value: TResult } | undefined;
  #thrown: { readonly error: unknown } | undefined;

  constructor(
    private readonly fn: (...args: TArguments) => TResult,
    private readonly args: TArguments,
  ) {}

  get isCalled(): boolean {
    return this.#returned !== undefined || this.#thrown !== undefined;
  }

  hasThrown(error: unknown): boolean {
    return this.#thrown !== undefined && this.#thrown.error === error;
  }

  readonly call = (): TResult => {
    if (this.#thrown !== undefined) throw this.#thrown.error;
    if (this.#returned !== undefined) return this.#returned.value;
    try {
      this.#returned = { value: this.fn(...this.args) };
    } catch (error) {
      this.#thrown = { error };
      throw error;
    }
    return this.#returned.value;
  };
}
