import { runOutside } from '../context/ambient-context.js';
import { readProperty } from '../data/foreign-value.js';
import { invalidOption, optionProblems, rule } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { systemClock } from '../ports/clock.js';
import { alarmAt } from '../run/alarm.js';
import { backgroundQueueRules } from './background-queue-options.js';
import type { BackgroundQueueOptions } from './background-queue-options.js';
import { QueuedItem } from './queued-item.js';

/**
 * Works on items in the background, first come first served, each in the context it was enqueued in.
 *
 * A plain queue leaks: its worker loop is started by the first `enqueue`, so it stays in that caller's context for
 * ever, books all later work under it, and keeps it alive. Here the workers start without any context; each item
 * runs in a copy of its own one, as {@link captureContext} makes it, and nothing of it is kept afterwards.
 *
 * An item runs even if its run has ended. The `signal` of its context is not the run's: it aborts with the kind
 * `shutdown` when {@link BackgroundQueue.close} runs out of time, and a `cancel` on its context ends that item alone.
 */
export class BackgroundQueue<T> implements AsyncDisposable {
  readonly #options: BackgroundQueueOptions<T>;
  // Sets keep the order, and give up one item as cheaply as another.
  readonly #waiting = new Set<QueuedItem<T>>();
  readonly #inWork = new Set<QueuedItem<T>>();
  #finished = 0;
  #closing: Promise<{ drained: number; remaining: T[] }> | undefined;
  #whenIdle: (() => void) | undefined;

  /** @throws {@link PipelineError} `OPTION_INVALID`. */
  constructor(options: BackgroundQueueOptions<T>) {
    const problems = optionProblems(options, backgroundQueueRules);
    // One that cannot be read is told of already.
    if (readProperty(options, 'worker', null) === undefined) problems.push("'worker' is missing");
    if (problems.length > 0) throw invalidOption('BackgroundQueue', problems.join('; '));
    this.#options = { ...options };
  }

  /**
   * Accepts an item, together with what is current here; does not wait for the work.
   *
   * @throws {@link PipelineError} `QUEUE_FULL` when `capacity` items wait already, `QUEUE_CLOSED` after `close`.
   */
  async enqueue(item: T): Promise<void> {
    const { concurrency = 1, capacity = 1000 } = this.#options;
    if (this.#closing !== undefined) {
      throw new PipelineError('QUEUE_CLOSED', {
        problem: 'The queue was closed.',
        remedy: 'Enqueue before close, or make a new queue.',
      });
    }
    const isFree = this.#inWork.size < concurrency;
    if (!isFree && this.#waiting.size >= capacity) {
      throw new PipelineError('QUEUE_FULL', {
        problem: `The queue has its ${String(capacity)} waiting items already.`,
        remedy: 'Slow down, or raise its capacity or concurrency.',
      });
    }
    const queued = new QueuedItem(item);
    if (isFree) this.#start(queued);
    else this.#waiting.add(queued);
  }

  /**
   * Refuses new items, and waits until the others are worked on; calling it again gives the same promise.
   *
   * After `timeoutMs` it waits no more: it aborts the signals of the items in work, drops those that wait, and
   * resolves. Without it there is no limit: a worker that awaits it waits for itself.
   *
   * @returns how many items finished since then, and those that did not, in their order.
   * @throws {@link PipelineError} `OPTION_INVALID`.
   */
  close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<{
    /** How many items were worked on since the call, those that failed included. */
    drained: number;
    /** The unfinished items: those in work first, then those that waited. */
    remaining: T[];
  }> {
    const problems = optionProblems(options, { timeoutMs: rule.milliseconds });
    if (problems.length > 0) return Promise.reject(invalidOption('close', problems.join('; ')));
    // Outside, so that neither the promise nor the timer keeps the caller's context alive.
    return (this.#closing ??= runOutside(
      () =>
        new Promise((resolve) => {
          const before = this.#finished;
          const settle = (): void => {
            const remaining = [...this.#inWork, ...this.#waiting].map(({ item }) => item);
            resolve({ drained: this.#finished - before, remaining });
          };
          if (this.#inWork.size === 0) {
            settle();
            return;
          }
          const { timeoutMs } = options;
          const callOff =
            timeoutMs === undefined
              ? undefined
              : alarmAt(systemClock, systemClock.now() + timeoutMs, () => {
                  settle();
                  this.#waiting.clear();
                  for (const queued of this.#inWork) queued.shutDown();
                });
          this.#whenIdle = () => {
            callOff?.();
            settle();
          };
        }),
    ));
  }

  /** Closes the queue and waits, without a limit, until all items are worked on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #start(queued: QueuedItem<T>): void {
    this.#inWork.add(queued);
    runOutside(() => void this.#work(queued));
  }

  /** One call per item, not one loop per worker: a loop would hold its first item as long as it runs. */
  async #work(queued: QueuedItem<T>): Promise<void> {
    await Promise.resolve(); // so that enqueue calls none of the user's code
    await queued.work(this.#options);
    this.#finished += 1;
    this.#inWork.delete(queued);
    const [next] = this.#waiting;
    if (next !== undefined) {
      this.#waiting.delete(next);
      this.#start(next);
    } else if (this.#inWork.size === 0) this.#whenIdle?.();
  }
}
