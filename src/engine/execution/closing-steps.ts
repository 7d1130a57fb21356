import { isThenable, whenSettled } from '../../data/foreign-value.js';
import { Pacer } from '../../run/ending/pacer.js';
import type { RunState } from './run-state.js';
import type { Work } from './work.js';

/** Something to do at the end of an execution, and what to do with an error of it. */
export interface ClosingStep {
  /** The node or pipeline to name while the step is waited for; undefined where those below are named. */
  readonly path: string | undefined;
  readonly run: () => unknown;
  /** Called where the step has ended well, and in time. */
  readonly done?: () => void;
  readonly failed: (thrown: unknown) => unknown;
  /** Called instead of `failed` where the step has not ended when the run is given up. */
  readonly late: () => unknown;
}

/** What follows the steps that were given. */
export interface ClosingEnd {
  /** Gives more steps until there are none. */
  readonly more: (closing: Closing) => readonly ClosingStep[];
  readonly finish: () => void;
}

/** The end of an execution under way. */
export interface Closing {
  /** Whether the run is given up: nothing is waited for any more. */
  readonly isHurried: boolean;
  /** Starts all that is left to do, without waiting for what hangs; settles when all of it has ended. */
  hurry(): Work;
  /** Ends the closing: a step that still hangs is late. */
  giveUp(): void;
}

/** So many steps that end at once are done between two looks at the clock. */
const STEPS_PER_LOOK = 256;

/** Does steps one after the other, all of them; without a promise as long as none is returned. */
export class ClosingSteps implements Closing {
  #steps: readonly ClosingStep[];
  #at = 0;
  readonly #underWay = new Set<ClosingStep>();
  #isHurried = false;
  #isFinished = false;

  constructor(
    steps: readonly ClosingStep[],
    private readonly runState: RunState,
    private readonly end: ClosingEnd,
  ) {
    this.#steps = steps;
  }

  get isHurried(): boolean {
    return this.#isHurried;
  }

  run(): Work {
    let done = 0;
    for (let step = this.#next(); step !== undefined; step = this.#next()) {
      const pending = this.#do(step);
      if (pending !== undefined) return this.#runOn(pending);
      done += 1;
      if (done === STEPS_PER_LOOK) return this.#runOn(undefined);
    }
    this.#finish();
    return undefined;
  }

  hurry(): Work {
    this.#isHurried = true;
    const pending: Promise<void>[] = [];
    for (let step = this.#next(); step !== undefined; step = this.#next()) {
      const done = this.#do(step);
      if (done !== undefined) pending.push(done);
    }
    if (pending.length === 0 && this.#underWay.size === 0) {
      this.#finish();
      return undefined;
    }
    return Promise.all(pending).then(() => {
      if (this.#underWay.size === 0) this.#finish();
    });
  }

  giveUp(): void {
    const late = [...this.#underWay];
    this.#underWay.clear();
    if (!this.#isFinished) for (const step of late) step.late();
    this.#finish();
  }

  async #runOn(first: Work): Promise<void> {
    const pacer = new Pacer();
    if (first !== undefined) await first;
    while (!this.#isHurried) {
      const step = this.#next();
      if (step === undefined) break;
      const pending = this.#do(step);
      if (pending !== undefined) await pending;
      else if (pacer.isDue()) await pacer.yield();
    }
    if (this.#underWay.size === 0) this.#finish();
  }

  #next(): ClosingStep | undefined {
    if (this.#at === this.#steps.length) {
      this.#steps = this.end.more(this);
      this.#at = 0;
    }
    const step = this.#steps[this.#at];
    if (step !== undefined) this.#at += 1;
    return step;
  }

  #do(step: ClosingStep): Work {
    let pending: unknown;
    try {
      pending = step.run();
    } catch (thrown) {
      step.failed(thrown);
      return undefined;
    }
    if (!isThenable(pending)) {
      step.done?.();
      return undefined;
    }
    const wait = step.path === undefined ? undefined : this.runState.waitAt(step.path);
    this.#underWay.add(step);
    const ended = (): void => {
      wait?.end();
      this.#underWay.delete(step);
    };
    // Once it is late, that is what has been said of it.
    const inTime = (tell: () => unknown): void => {
      if (this.#underWay.has(step)) tell();
      ended();
    };
    return whenSettled(
      pending,
      () => {
        inTime(() => step.done?.());
      },
      (thrown) => {
        inTime(() => step.failed(thrown));
      },
    );
  }

  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.end.finish();
  }
}
