import type { Execution } from '../execution/execution.js';
import type { Work } from '../execution/work.js';

/**
 * An output of a composite's child that waits for its turn.
 *
 * A child that fails, or whose scope ends, is not kept waiting: the output is dropped.
 */
export class WaitingOutput {
  /** Settles when the output has gone on, or was dropped. */
  readonly sent: Promise<void>;
  #settle: () => void = () => undefined;
  #emit: (() => Work) | undefined;
  readonly #unwatch: () => void;

  constructor(child: Execution, emit: () => Work) {
    this.#emit = emit;
    this.sent = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#unwatch = child.onStop(() => {
      this.#giveUp();
    });
  }

  /** Hands the output on: it is its turn. */
  emit(): Work {
    const emit = this.#emit;
    if (emit === undefined) return undefined;
    this.#emit = undefined;
    this.#unwatch();
    const emitted = emit();
    if (emitted === undefined) this.#settle();
    else void emitted.then(this.#settle);
    return emitted;
  }

  /** Gives the output up, unless it has gone on. */
  drop(): void {
    if (this.#emit === undefined) return;
    this.#unwatch();
    this.#giveUp();
  }

  #giveUp(): void {
    this.#emit = undefined;
    this.#settle();
  }
}
