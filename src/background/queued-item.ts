import { frameOf } from '../context/pipeline-context.js';
import { toErrorRecord } from '../ports/error-record.js';
import type { CancelScope } from '../run/cancel-scope.js';
import type { BackgroundQueueOptions } from './background-queue-options.js';
import { captureContext } from './captured-context.js';

/** An item of a queue, with what was current when it was made. */
export class QueuedItem<T> {
  readonly #captured = captureContext();

  constructor(readonly item: T) {}

  /** Works on the item, and handles its failure, in its own context; never rejects. */
  work({ worker, onError }: BackgroundQueueOptions<T>): Promise<void> {
    const { context } = this.#captured;
    return this.#captured.run(async () => {
      try {
        await worker(this.item, context);
      } catch (error) {
        try {
          if (onError === undefined) this.#report(error, 'a background item failed');
          else await onError(error, this.item, context);
        } catch (failure) {
          this.#report(error, 'a background item failed');
          this.#report(failure, 'the onError of a background item failed');
        }
      }
      this.#scope?.close();
    });
  }

  /** Aborts the signal of the item's context. */
  shutDown(): void {
    this.#scope?.cancel({ kind: 'shutdown', message: 'its queue was closed' }, this.#captured.context?.path);
  }

  get #scope(): CancelScope | undefined {
    const { context } = this.#captured;
    return context && frameOf(context).scope;
  }

  #report(error: unknown, message: string): void {
    const { context } = this.#captured;
    if (context !== undefined) {
      frameOf(context).report('error', { error }, message);
      return;
    }
    const { message: text, stack: detail } = toErrorRecord(error);
    process.emitWarning(`${message}: ${text}`, { detail });
  }
}
