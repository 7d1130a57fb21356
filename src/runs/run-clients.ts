/** Which of a run's subscribers is its client: the one whose leaving counts. */
export class RunClients {
  readonly #left: () => void;
  /** `none` yet; `here`; `away`: who comes before the time is over takes its place; `gone` for good. */
  #client: 'none' | 'here' | 'away' | 'gone' = 'none';
  #timer: NodeJS.Timeout | undefined;

  /** @param left called when the client has left and nobody took its place in time. */
  constructor(left: () => void) {
    this.#left = left;
  }

  /** A subscriber has come; gives what is to be called when it leaves. */
  join(graceMs: number): () => void {
    if (this.#client === 'here' || this.#client === 'gone') return () => undefined;
    this.#client = 'here';
    clearTimeout(this.#timer);
    let isHere = true;
    return () => {
      if (!isHere) return;
      isHere = false;
      this.#client = 'away';
      if (graceMs === 0) this.#give();
      else
        this.#timer = setTimeout(() => {
          this.#give();
        }, graceMs).unref();
    };
  }

  /** The run has ended: nobody's leaving counts any more. */
  end(): void {
    this.#client = 'gone';
    clearTimeout(this.#timer);
  }

  #give(): void {
    this.#client = 'gone';
    this.#left();
  }
}
