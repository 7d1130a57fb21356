import { Handover } from './handover.js';
import type { RunResult } from './run-result.js';
import type { Execution, OutputReceiver } from './execution.js';
import type { Work } from './thenable.js';

/** The outputs of a sub-pipeline that runs over a stream; the run starts when they are first asked for. */
export class ItemStream<T> implements AsyncIterable<T>, OutputReceiver {
  readonly #outputs = new Handover();
  readonly #start: (stream: ItemStream<T>) => Promise<RunResult>;
  readonly #cancel: () => void;
  #settle: (result: Promise<RunResult>) => void = () => undefined;
  #isStarted = false;
  /** The run's result; rejects with the error that iterating throws. */
  readonly result: Promise<RunResult>;

  /** @internal */
  constructor(start: (stream: ItemStream<T>) => Promise<RunResult>, cancel: () => void) {
    this.#start = start;
    this.#cancel = cancel;
    this.result = new Promise<RunResult>((resolve) => {
      this.#settle = resolve;
    });
    // Iterating throws the same error: nobody has to look at both.
    this.result.catch(() => undefined);
  }

  /** Pulls the outputs; to stop early cancels the run and waits for its end. */
  async *[Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#settle(
        this.#start(this).finally(() => {
          this.#outputs.end();
        }),
      );
    }
    let isExhausted = false;
    try {
      for (;;) {
        const step = await this.#outputs.next();
        if (step.done === true) break;
        yield step.value as T;
      }
      isExhausted = true;
      await this.result;
    } finally {
      if (!isExhausted) {
        this.#cancel();
        await this.#outputs.return();
        await this.result.catch(() => undefined);
      }
    }
  }

  /** @internal */
  receive(execution: Execution, item: unknown): Work {
    if (execution.isHalted) return undefined;
    return this.#outputs.push(item).then(() => undefined);
  }

  /** @internal Lets go of what is still offered: the run has ended. */
  stop(): void {
    this.#outputs.close('aborted');
  }
}
