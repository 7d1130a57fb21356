/** A function for one place of a plan: at first shared by all plans, after many uses generated. */
export class WrittenOut<TCode> {
  #code: TCode;
  #usesLeft: number;

  /**
   * @param shared function that does the same for all plans.
   * @param after number of uses before code is generated, as compiling it costs time; Infinity for never.
   * @param write generates the code; returns undefined if that is impossible.
   */
  constructor(
    private readonly shared: TCode,
    after: number,
    private readonly write: () => TCode | undefined,
  ) {
    this.#code = shared;
    this.#usesLeft = Number.isFinite(after) ? after + 1 : 0;
  }

  /** The function to call, counted as one use. */
  get code(): TCode {
    return this.codeFor(1);
  }

  /** Returns the function to call, counted as one use per item. */
  codeFor(items: number): TCode {
    if (this.#usesLeft > 0) this.#count(items);
    return this.#code;
  }

  #count(uses: number): void {
    this.#usesLeft -= uses;
    if (this.#usesLeft <= 0) this.#code = this.write() ?? this.shared;
  }
}
