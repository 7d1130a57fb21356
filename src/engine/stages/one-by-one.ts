import type { Work } from '../execution/work.js';

/** Something that has items to hand on. */
export interface Emitter {
  emit(): Work;
}

/** Lets those who have something to hand on do so one at a time, in the order in which they come. */
export class OneByOne {
  readonly #waiting: { readonly emitter: Emitter; readonly sent: () => void }[] = [];
  #isBusy = false;

  /** Whether one would have to wait. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Has one hand on its items; the promise settles when they have gone on. */
  send(emitter: Emitter): Work {
    if (this.#isBusy) return new Promise((sent) => this.#waiting.push({ emitter, sent }));
    this.#isBusy = true;
    const emitted = emitter.emit();
    if (emitted !== undefined) return emitted.then(this.#next);
    this.#next();
    return undefined;
  }

  readonly #next = (): void => {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { emitter, sent } = next;
      const emitted = emitter.emit();
      if (emitted !== undefined) {
        void emitted.then(() => {
          sent();
          this.#next();
        });
        return;
      }
      sent();
    }
    this.#isBusy = false;
  };
}
