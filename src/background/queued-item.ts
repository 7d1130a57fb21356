import { runAsQueueWork } from '../context/ambient-context.js';
import type { QueueWork } from '../context/ambient-context.js';
import { frameOf } from '../context/pipeline-context.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import { reportFailure } from '../context/report-failure.js';
import type { CancelScope } from '../run/ending/cancel-scope.js';
import type { BackgroundQueueOptions } from './background-queue-options.js';
import { captureContext } from './captured-context.js';

/** An item of a queue, with what was current when it was made. */
export class QueuedItem<T> {
  readonly #captured = captureContext();

  constructor(readonly item: T) {}

  /** A copy of the context that was current; undefined where there was none. */
  get context(): PipelineContext | undefined {
    return this.#captured.context;
  }

  /** Works on the item, and handles its failure, in its own context; never rejects. */
  work(queue: object, { worker, onError, whenFull }: BackgroundQueueOptions<T>): Promise<void> {
    const work: QueueWork = { queue, isUnderWay: true };
    const call = async (): Promise<void> => {
      try {
        await worker(this.item, this.context);
      } catch (error) {
        await this.#failed(error, onError, 'a background item failed');
      }
      work.isUnderWay = false;
      this.#scope?.close();
    };
    // Only where somebody can wait for the queue does it matter who asks.
    return this.#captured.run(whenFull === 'wait' ? () => runAsQueueWork(work, call) : call);
  }

  /** Tells of an item that the queue did not take, in the item's own context; never throws. */
  refuse(error: unknown, { onError }: BackgroundQueueOptions<T>): void {
    void this.#captured.run(() => this.#failed(error, onError, 'a background item was refused'));
  }

  async #failed(
    error: unknown,
    onError: BackgroundQueueOptions<T>['onError'],
    message: string,
  ): Promise<void> {
    const frame = this.context && frameOf(this.context);
    try {
      if (onError === undefined) reportFailure(frame, error, message);
      else await onError(error, this.item, this.context);
    } catch (failure) {
      reportFailure(frame, error, message);
      reportFailure(frame, failure, 'the onError of a background item failed');
    }
  }

  /** Aborts the signal of the item's context. */
  shutDown(): void {
    this.#scope?.cancel({ kind: 'shutdown', message: 'its queue was closed' }, this.context?.path);
  }

  get #scope(): CancelScope | undefined {
    return this.context && frameOf(this.context).scope;
  }
}
