import { ignoreRejection } from '../data/foreign-value.js';
import { Handover } from './handover.js';
import type { RunResult } from './run-result.js';
import type { Execution, OutputReceiver } from './execution.js';
import type { Work } from './work.js';

/** Takes the outputs of a run for the code that iterates its {@link ItemStream}. */
export class StreamOutputs implements OutputReceiver {
  readonly handover = new Handover();

  isClosed(): boolean {
    return this.handover.isClosed;
  }

  receive(execution: Execution, item: unknown): Work {
    if (execution.isHalted) return undefined;
    return this.handover.push(item).then(() => undefined);
  }

  /** Lets go of what is still offered: the run has ended. */
  stop(): void {
    this.handover.close('aborted');
  }
}

/**
 * The outputs of a sub-pipeline that runs over a stream; the run starts when they are first asked for.
 *
 * The run hands its outputs to another object, so that nobody who iterates them can add to them.
 */
export class ItemStream<T> implements AsyncIterable<T> {
  readonly #receiver = new StreamOutputs();
  readonly #start: (outputs: StreamOutputs) => Promise<RunResult>;
  readonly #cancel: () => void;
  #settle: (result: Promise<RunResult>) => void = () => undefined;
  #isStarted = false;
  #isOver = false;
  /** The run's result; rejects with the error that iterating throws. */
  readonly result: Promise<RunResult>;

  constructor(start: (outputs: StreamOutputs) => Promise<RunResult>, cancel: () => void) {
    this.#start = start;
    this.#cancel = cancel;
    this.result = new Promise<RunResult>((resolve) => {
      this.#settle = resolve;
    });
    // Iterating throws the same error: nobody has to look at both.
    ignoreRejection(this.result);
  }

  /** Pulls the outputs; to stop early cancels the run and waits for its end. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return { next: () => unawaited(this.#next()), return: () => unawaited(this.#return()) };
  }

  async #next(): Promise<IteratorResult<T, undefined>> {
    if (!this.#isStarted) {
      this.#isStarted = true;
      const running = this.#start(this.#receiver).finally(() => {
        this.#receiver.handover.end();
      });
      this.#settle(running);
    }
    const step = await this.#receiver.handover.next();
    if (step.done !== true) return { done: false, value: step.value as T };
    // A run that failed says so once; afterwards the stream is at its end, as any iterator is.
    if (!this.#isOver) {
      this.#isOver = true;
      await this.result;
    }
    return { done: true, value: undefined };
  }

  async #return(): Promise<IteratorResult<T, undefined>> {
    this.#isOver = true;
    this.#receiver.handover.close('aborted');
    if (this.#isStarted) {
      this.#cancel();
      await this.result.catch(() => undefined);
    }
    this.#isStarted = true;
    return { done: true, value: undefined };
  }
}

/** Code that asks for several items ahead may never look at the answers; `result` rejects with the same error. */
function unawaited<T>(step: Promise<T>): Promise<T> {
  ignoreRejection(step);
  return step;
}
