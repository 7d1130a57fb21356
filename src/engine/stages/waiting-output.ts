import type { Execution } from '../execution/execution.js';
import type { Work } from '../execution/work.js';

/**
 * An output of a composite's child that waits for the turn of its item.
 *
 * Dropped when the child fails or its scope ends, so that the child need not wait any longer.
 */
export class WaitingOutput {
  /** Settles when the output has been taken by the next stage, or was dropped. */
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

  /** Emits the output: called when it is the item's turn. */
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

  /** Drops the output, unless it was emitted. */
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
