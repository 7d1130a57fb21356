import { currentContext, currentQueueWork, runOutside } from '../context/ambient-context.js';
import { handOut } from '../context/handed-out.js';
import { reportFailure } from '../context/report-failure.js';
import { readProperty } from '../data/foreign-value.js';
import { invalidOption, optionProblems, rule } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { systemClock } from '../ports/clock.js';
import { alarmAt } from '../run/ending/alarm.js';
import { backgroundQueueRules } from './background-queue-options.js';
import type { BackgroundQueueOptions } from './background-queue-options.js';
import { QueuedItem } from './queued-item.js';

/** A call of `enqueue` that waits for room. */
interface Waiter {
  admit(): void;
  refuse(error: Error): void;
}

/**
 * Works on items in the background, first come first served, each in the context it was enqueued in.
 *
 * A plain queue leaks: its worker loop is started by the first `enqueue`, so it stays in that caller's context for
 * ever, books all later work under it, and keeps it alive. Here the workers start without any context; each item
 * runs in a copy of its own one, as {@link captureContext} makes it, and nothing of it is kept afterwards.
 *
 * An item runs even if its run has ended. The `signal` of its context is not the run's: it aborts with the kind
 * `shutdown` when {@link BackgroundQueue.close} runs out of time, and a `cancel` on its context ends that item alone.
 *
 * @example
 * {@includeCode ../../examples/api/background-queue.ts}
 */
export class BackgroundQueue<T> implements AsyncDisposable {
  readonly #options: BackgroundQueueOptions<T>;
  // Sets keep the order, and give up one item as cheaply as another.
  readonly #waiting = new Set<QueuedItem<T>>();
  readonly #inWork = new Set<QueuedItem<T>>();
  /** The calls of `enqueue` that wait for room, in order; only where all room is taken. */
  readonly #outside = new Set<Waiter>();
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
   * A full queue refuses the item, or with `whenFull: 'wait'` takes it when there is room, first come first served; the
   * context is copied at the call. A refusal that nobody awaits goes to `onError`.
   *
   * @throws {@link PipelineError} `QUEUE_FULL` when `capacity` items wait already, with `wait` only in the queue's own
   * worker, which would wait for itself; `QUEUE_CLOSED` after `close`, and when that comes while the item waits.
   * @throws the reason of the current context's `signal`, a {@link RunCancelledError}, when it aborts while the item waits.
   */
  enqueue(item: T): Promise<void> {
    const { concurrency = 1, capacity = 1000, whenFull = 'refuse' } = this.#options;
    const isFree = this.#inWork.size < concurrency;
    const hasRoom = isFree || this.#waiting.size < capacity;
    const waits = whenFull === 'wait' && !hasRoom && !this.#isOwnWork();
    if (this.#closing === undefined && (hasRoom || waits)) {
      const queued = new QueuedItem(item);
      if (waits) return this.#waitForRoom(queued);
      if (isFree) this.#start(queued);
      else this.#waiting.add(queued);
      return Promise.resolve();
    }
    const error = this.#closing === undefined ? queueFull(capacity) : queueClosed();
    return this.#handOut(Promise.reject(error), new QueuedItem(item));
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
    if (problems.length > 0) {
      const error = invalidOption('close', problems.join('; '));
      return handOut(Promise.reject(error), () => {
        reportFailure(undefined, error, 'closing a background queue failed, and nobody awaited it');
      });
    }
    for (const waiter of [...this.#outside]) waiter.refuse(queueClosed());
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

  /** Whether the code here is a call of this queue's worker: no room would come while it waits. */
  #isOwnWork(): boolean {
    const work = currentQueueWork();
    return work?.queue === this && work.isUnderWay;
  }

  #waitForRoom(queued: QueuedItem<T>): Promise<void> {
    const signal = currentContext()?.signal;
    const waited = new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#outside.delete(waiter);
        signal?.removeEventListener('abort', abort);
      };
      const waiter: Waiter = {
        admit: () => {
          leave();
          this.#waiting.add(queued);
          resolve();
        },
        refuse: (error) => {
          leave();
          reject(error);
        },
      };
      const abort = (): void => {
        waiter.refuse(signal?.reason as Error);
      };
      this.#outside.add(waiter);
      signal?.addEventListener('abort', abort);
      if (signal?.aborted === true) abort();
    });
    return this.#handOut(waited, queued);
  }

  #handOut(accepted: Promise<void>, queued: QueuedItem<T>): Promise<void> {
    return handOut(accepted, (error) => {
      queued.refuse(error, this.#options);
    });
  }

  #start(queued: QueuedItem<T>): void {
    this.#inWork.add(queued);
    runOutside(() => void this.#work(queued));
  }

  /** One call per item, not one loop per worker: a loop would hold its first item as long as it runs. */
  async #work(queued: QueuedItem<T>): Promise<void> {
    await Promise.resolve(); // so that enqueue calls none of the user's code
    await queued.work(this, this.#options);
    this.#finished += 1;
    this.#inWork.delete(queued);
    const [next] = this.#waiting;
    const [outside] = this.#outside;
    if (next !== undefined) {
      this.#waiting.delete(next);
      this.#start(next);
      outside?.admit();
    } else if (this.#inWork.size === 0) this.#whenIdle?.();
  }
}

function queueFull(capacity: number): PipelineError {
  return new PipelineError('QUEUE_FULL', {
    problem: `The queue has its ${String(capacity)} waiting items already.`,
    remedy: "Slow down, raise its capacity or concurrency, or let enqueue wait with whenFull: 'wait'.",
  });
}

function queueClosed(): PipelineError {
  return new PipelineError('QUEUE_CLOSED', {
    problem: 'The queue was closed.',
    remedy: 'Enqueue before close, or make a new queue.',
  });
}
