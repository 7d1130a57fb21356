import type { Work } from '../execution/work.js';

/** Something that pushes items into the next stage when told to. */
export interface Emitter {
  emit(): Work;
}

/** Lets emitters emit one at a time, in the order of their calls of `send`. */
export class OneByOne {
  readonly #waiting: { readonly emitter: Emitter; readonly sent: () => void }[] = [];
  #isBusy = false;

  /** True while an emitter is emitting, so that another one would wait. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Calls the emitter when it is its turn; the promise settles when its items have been taken. */
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
