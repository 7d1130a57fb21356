import { ignoreRejection } from '../../data/foreign-value.js';
import type { CancelScope } from '../../run/ending/cancel-scope.js';
import { Handover } from './handover.js';
import type { RunResult } from '../execution/run-result.js';
import type { Execution, OutputReceiver } from '../execution/execution.js';
import type { Work } from '../execution/work.js';

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

/** A run that has its limits, and has still to start. */
export interface WaitingRun {
  /** The scope of the whole run. */
  readonly scope: CancelScope;
  readonly start: () => Promise<RunResult>;
}

/**
 * The outputs of a sub-pipeline that runs over a stream; the run starts when they are first asked for.
 *
 * The run hands its outputs to another object, so that nobody who iterates them can add to them.
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

  /** @param open makes the run's context, from which on its limits count; called when anything is first asked for. */
  constructor(open: (outputs: StreamOutputs) => WaitingRun) {
    this.#open = open;
    this.#result = new Promise<RunResult>((resolve) => {
      this.#settle = resolve;
    });
    // Iterating throws the same error: nobody has to look at both.
    ignoreRejection(this.#result);
  }

  /** The run's result; rejects with the error that iterating throws. */
  get result(): Promise<RunResult> {
    this.#listen();
    return this.#result;
  }

  /** Pulls the outputs; to stop early cancels the run and waits for its end. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return { next: () => unawaited(this.#next()), return: () => unawaited(this.#return()) };
  }

  /** Lets the limits of the run count, though it has not started; one that they end starts, so that it ends as others do. */
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
    // A run that failed says so once; afterwards the stream is at its end, as any iterator is.
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

/** Code that asks for several items ahead may never look at the answers; `result` rejects with the same error. */
function unawaited<T>(step: Promise<T>): Promise<T> {
  ignoreRejection(step);
  return step;
}
