import { ignoreRejection } from '../../data/foreign-value.js';
import type { CancelScope } from '../../run/ending/cancel-scope.js';
import { Handover } from './handover.js';
import type { RunResult } from '../execution/run-result.js';
import type { Execution, OutputReceiver } from '../execution/execution.js';
import type { Work } from '../execution/work.js';

/** Receives the outputs of a run and passes them to the code that iterates its {@link ItemStream}. */
export class StreamOutputs implements OutputReceiver {
  readonly handover = new Handover();

  isClosed(): boolean {
    return this.handover.isClosed;
  }

  receive(execution: Execution, item: unknown): Work {
    if (execution.isHalted) return undefined;
    return this.handover.push(item).then(() => undefined);
  }

  /** Refuses outputs that nobody has read: the run has ended. */
  stop(): void {
    this.handover.close('aborted');
  }
}

/** A run that is set up, its time limits counting, but not started. */
export interface WaitingRun {
  /** The scope of the whole run. */
  readonly scope: CancelScope;
  readonly start: () => Promise<RunResult>;
}

/**
 * The outputs of a sub-pipeline that runs over a stream. The run starts when the first output is asked for.
 *
 * Outputs are received by a separate object, so that code which iterates the stream cannot push into it.
 */
export class ItemStream<T> implements AsyncIterable<T> {
  readonly #receiver = new StreamOutputs();
  readonly #open: (outputs: StreamOutputs) => WaitingRun;
  #run: WaitingRun | undefined;
  #isOpen = false;
  #isStarted = false;
  #isOver = false;
  readonly #result: Promise<RunResult>;
  #settle: (result: Promise<RunResult>) => void = () => undefined;

  /** @param open sets up the run, whose time limits count from then; called when `result` or an output is first read. */
  constructor(open: (outputs: StreamOutputs) => WaitingRun) {
    this.#open = open;
    this.#result = new Promise<RunResult>((resolve) => {
      this.#settle = resolve;
    });
    // Iterating throws the same error, so the promise `result` need not be awaited as well.
    ignoreRejection(this.#result);
  }

  /** The run's result; rejects with the error that iterating throws. */
  get result(): Promise<RunResult> {
    this.#listen();
    return this.#result;
  }

  /** Iterates the outputs; stopping early cancels the run and waits for its end. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return { next: () => unawaited(this.#next()), return: () => unawaited(this.#return()) };
  }

  /** Sets up the run without starting it. A run whose limit ends it before its start is started, to end as usual. */
  #listen(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    try {
      this.#run = this.#open(this.#receiver);
    } catch (error) {
      this.#follow(
        Promise.resolve().then(() => {
          throw error;
        }),
      );
      return;
    }
    const { scope } = this.#run;
    scope.watch(() => {
      this.#start();
    });
    if (scope.reason !== undefined) this.#start();
  }

  #start(): void {
    this.#listen();
    if (this.#isStarted || this.#run === undefined) return;
    this.#isStarted = true;
    this.#follow(this.#run.start());
  }

  #follow(running: Promise<RunResult>): void {
    this.#settle(
      running.finally(() => {
        this.#receiver.handover.end();
      }),
    );
  }

  async #next(): Promise<IteratorResult<T, undefined>> {
    this.#start();
    const step = await this.#receiver.handover.next();
    if (step.done !== true) return { done: false, value: step.value as T };
    // A failed run throws once; later calls report the end, as iterators do after an error.
    if (!this.#isOver) {
      this.#isOver = true;
      await this.#result;
    }
    return { done: true, value: undefined };
  }

  async #return(): Promise<IteratorResult<T, undefined>> {
    this.#isOver = true;
    this.#receiver.handover.close('aborted');
    this.#listen();
    const { scope } = this.#run ?? {};
    scope?.cancel({ kind: 'user', message: 'nobody reads on' }, scope.path);
    await this.#result.catch(() => undefined);
    return { done: true, value: undefined };
  }
}

/**
 * Makes a rejection harmless.
 *
 * Code that asks for several items at once may never await it, and `result` rejects, too.
 */
function unawaited<T>(step: Promise<T>): Promise<T> {
  ignoreRejection(step);
  return step;
}
