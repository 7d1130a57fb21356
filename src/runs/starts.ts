import { Later } from './later.js';

/** Counts the starts whose insert is under way, so that a close can wait for them. */
export class Starts {
  #count = 0;
  #none: Later<void> | undefined;

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#none?.resolve();
  }

  /** Resolves when none is under way; asked once, when no more can begin. */
  whenNone(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return (this.#none ??= new Later<void>()).promise;
  }
}
