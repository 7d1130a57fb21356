import { isThenable, whenSettled } from '../../data/foreign-value.js';
import { Pacer } from '../../run/ending/pacer.js';
import type { RunState } from './run-state.js';
import type { Work } from './work.js';

/** One step at the end of an execution, a flush or a disposer say, and how its outcome is handled. */
export interface ClosingStep {
  /** Path to name while the run waits for this step. Undefined for a step whose inner parts name themselves. */
  readonly path: string | undefined;
  readonly run: () => unknown;
  /** Called when the step has succeeded in time. */
  readonly done?: () => void;
  readonly failed: (thrown: unknown) => unknown;
  /** Called instead of `done` or `failed` when the step still runs at the deadline. */
  readonly late: () => unknown;
}

/** Called when the given steps are done: supplies further steps, and finishes the closing. */
export interface ClosingEnd {
  /** Returns the next steps; an empty list when all is done. */
  readonly more: (closing: Closing) => readonly ClosingStep[];
  readonly finish: () => void;
}

/** Controls an execution that is being closed. */
export interface Closing {
  /** True once the deadline has passed: steps then start without waiting for the one before. */
  readonly isHurried: boolean;
  /** Starts all remaining steps at once, also beside a step that hangs. Settles when those it started have ended. */
  hurry(): Work;
  /** Ends the closing now; each step that still runs is reported as late. */
  giveUp(): void;
}

/** Number of synchronous steps that run before the clock is read, to yield to the event loop in time. */
const STEPS_PER_LOOK = 256;

/** Runs all closing steps in order, also after one has failed. Makes a promise only if a step returns one. */
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
    // A step that was reported as late is not also reported as done or failed.
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
