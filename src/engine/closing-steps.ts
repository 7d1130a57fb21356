import { isThenable } from '../data/foreign-value.js';
import type { RunState } from './run-state.js';
import type { Work } from './work.js';

/** Something to do at the end of an execution, and what to do with an error of it. */
export interface ClosingStep {
  /** Who is named while it is waited for. */
  readonly path: string;
  readonly run: () => unknown;
  readonly failed: (thrown: unknown) => unknown;
}

/** What follows the steps that were given. */
export interface ClosingEnd {
  /** Gives more steps until there are none. */
  readonly more: () => readonly ClosingStep[];
  readonly finish: () => void;
}

/** The end of an execution under way. */
export interface Closing {
  /** Does what is left without waiting for what hangs; settles when that, too, has ended. */
  hurry(): Work;
}

/** Does steps one after the other, all of them; without a promise as long as none is returned. */
export class ClosingSteps implements Closing {
  readonly #left: ClosingStep[];
  #isFinished = false;

  constructor(
    steps: readonly ClosingStep[],
    private readonly runState: RunState,
    private readonly end: ClosingEnd,
  ) {
    this.#left = [...steps];
  }

  run(): Work {
    for (let step = this.#next(); step !== undefined; step = this.#next()) {
      const pending = this.#do(step);
      if (pending !== undefined) return pending.then(() => this.run());
    }
    this.#finish();
    return undefined;
  }

  hurry(): Work {
    const pending: Promise<void>[] = [];
    for (let step = this.#next(); step !== undefined; step = this.#next()) {
      const done = this.#do(step);
      if (done !== undefined) pending.push(done);
    }
    if (pending.length === 0) {
      this.#finish();
      return undefined;
    }
    return Promise.all(pending).then(() => {
      this.#finish();
    });
  }

  #next(): ClosingStep | undefined {
    if (this.#left.length === 0) this.#left.push(...this.end.more());
    return this.#left.shift();
  }

  #do(step: ClosingStep): Work {
    try {
      const pending = step.run();
      if (!isThenable(pending)) return undefined;
      const wait = this.runState.waitAt(step.path);
      return Promise.resolve(pending)
        .catch(step.failed)
        .then(() => {
          wait.end();
        });
    } catch (thrown) {
      step.failed(thrown);
      return undefined;
    }
  }

  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.end.finish();
  }
}
