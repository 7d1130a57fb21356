import { isThenable } from '../data/foreign-value.js';
import type { ItemTrace } from '../lineage/item-trace.js';
import type { Budget } from '../run/budget.js';
import { Pacer } from '../run/pacer.js';
import { nodeFailed } from './engine-errors.js';
import type { Execution } from './execution.js';
import type { OpenPart, Wait } from './run-state.js';
import { settle } from './passage.js';
import type { Passage } from './passage.js';
import type { SegmentStage } from './segment-stage.js';
import type { NodeStage } from './stage.js';
import { after } from './work.js';
import type { Work } from './work.js';

/** What gives the items of an opened source. */
export type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/** A source that has been opened. */
export interface OpenedSource {
  readonly iterator: AnyIterator;
  readonly isAsync: boolean;
  /** The items themselves, where they are an array that iterates as arrays do: then nobody needs to ask the iterator. */
  readonly list: readonly unknown[] | undefined;
}

/** The source's stage, as far as pulling needs it. */
export interface PulledStage extends NodeStage {
  /** Whether anything behind it can lose interest before the items end. */
  readonly canClose: boolean;
  /** What the items go through first. */
  readonly segment: SegmentStage;
  /** Counts an item and sends it on its way. */
  enter(execution: Execution, item: unknown, trace: ItemTrace | undefined): Passage | undefined;
}

/** Why pulling without a promise has stopped. */
type Stop = 'ended' | 'lateItem' | 'pause';

/** Pulls the items of one source in one execution, one at a time: the next one when the one before has gone as far as it can. */
export class Pull {
  readonly #pacer = new Pacer();
  /** Whether nobody follows or counts the items on their way in. */
  readonly #isPlain: boolean;
  /** Where the items that enter are limited. */
  readonly #budget: Budget | undefined;
  #stop: Stop = 'ended';
  /** An item that is still a promise. */
  #lateItem: PromiseLike<unknown> | undefined;
  /** How many items of a list have been taken. */
  #taken = 0;
  /** Whether the iterator has been asked and has not answered: an error is then its own, and its end. */
  #isAsked = false;
  /** Set once the iterator has ended or was told to. */
  #closed: { readonly work: Work } | undefined;
  #wait: Wait | undefined;

  constructor(
    private readonly stage: PulledStage,
    private readonly execution: Execution,
    private readonly source: OpenedSource,
  ) {
    const { scope, services } = execution.frame;
    this.#budget = scope.budget.limitsItems ? scope.budget : undefined;
    this.#isPlain = services.lineageSink === undefined && this.#budget === undefined;
  }

  /** Pulls to the end: without a promise as long as neither the source nor what follows makes one. */
  run(): Work {
    if (this.source.isAsync) return this.#runAsync(undefined);
    const passage = this.#pullNow();
    if (passage !== undefined || this.#stop !== 'ended') return this.#runAsync(passage);
    return after(this.#close(), () => this.stage.end(this.execution));
  }

  /** The loop of nearly every item; gives a passage where the item must wait. */
  #pullNow(): Passage | undefined {
    const { stage, execution } = this;
    const { scope } = execution;
    const { segment, canClose } = stage;
    const { list } = this.source;
    const iterator = this.source.iterator as Iterator<unknown>;
    const counter = stage.counter(execution);
    const pacer = this.#pacer;
    this.#stop = 'ended';
    try {
      while (execution.failure === undefined && scope.reason === undefined) {
        if (canClose && segment.isClosed(execution)) return undefined;
        let item: unknown;
        if (list !== undefined) {
          if (this.#taken >= list.length) return undefined;
          item = list[this.#taken];
          this.#taken += 1;
        } else {
          this.#isAsked = true;
          const step = iterator.next();
          refuseNoResult(step);
          this.#isAsked = false;
          if (step.done === true) {
            this.#closed = { work: undefined };
            return undefined;
          }
          item = step.value;
        }
        if (isThenable(item)) {
          this.#lateItem = item;
          this.#stop = 'lateItem';
          return undefined;
        }
        let passage: Passage | undefined;
        if (this.#isPlain) {
          // As `enter` does; the counter is looked up once.
          counter.passed += 1;
          passage = segment.enter(execution, item, undefined);
        } else {
          passage = this.#enter(item);
        }
        if (passage !== undefined) return passage;
        if (pacer.isDue()) {
          this.#stop = 'pause';
          return undefined;
        }
      }
    } catch (thrown) {
      // Stages never throw: it was the iterator, or an item that cannot be looked at.
      this.#failed(thrown);
    }
    return undefined;
  }

  async #runAsync(first: Passage | undefined): Promise<void> {
    const { stage, execution } = this;
    const { run } = execution;
    this.#wait = run.waitAt(stage.site.path, false);
    // An iterator that is asked and does not answer may answer to its end.
    const closeWaiting = (): void => {
      if (this.#wait?.isWaiting === true && !this.#wantsMore()) void this.#close();
    };
    const stopWatching = [execution.onStop(closeWaiting), run.onStreamLeft(closeWaiting)];
    const { frame, context } = execution;
    const part: OpenPart = { frame, context, forceClose: () => this.#close() };
    run.keep(part);
    if (this.source.isAsync)
      await this.#pullAnswers(this.source.iterator as AsyncIterator<unknown>, this.#wait);
    else await this.#pullOn(first, this.#wait);
    this.#wait.isWaiting = true;
    await this.#close();
    for (const stop of stopWatching) stop();
    run.release(part);
    this.#wait.end();
    await stage.end(execution);
  }

  /** Goes on with a synchronous iterator, after the first thing to wait for. */
  async #pullOn(first: Passage | undefined, wait: Wait): Promise<void> {
    const next = (): Passage | undefined => {
      if (!this.#pacer.isDue()) return this.#pullNow();
      this.#stop = 'pause';
      return undefined;
    };
    let passage = first;
    for (;;) {
      if (passage !== undefined) await settle(passage, next);
      if (this.#stop === 'ended') return;
      if (this.#stop === 'pause') {
        await this.#pacer.yield();
        passage = this.#pullNow();
      } else {
        passage = (await this.#enterLate(wait)) ?? next();
      }
    }
  }

  /** Waits for an item that is a promise, as any loop over an iterable does. */
  async #enterLate(wait: Wait): Promise<Passage | undefined> {
    wait.isWaiting = true;
    try {
      const item = await this.#lateItem;
      return this.#enter(item);
    } catch (thrown) {
      this.#failed(thrown);
      return undefined;
    } finally {
      wait.isWaiting = false;
    }
  }

  async #pullAnswers(iterator: AsyncIterator<unknown>, wait: Wait): Promise<void> {
    while (this.#wantsMore()) {
      let passage: Passage | undefined;
      try {
        wait.isWaiting = true;
        this.#isAsked = true;
        const step = await iterator.next();
        refuseNoResult(step);
        this.#isAsked = false;
        if (step.done === true) {
          this.#closed ??= { work: undefined };
          return;
        }
        const item: unknown = isThenable(step.value) ? await step.value : step.value;
        wait.isWaiting = false;
        passage = this.#enter(item);
      } catch (thrown) {
        this.#failed(thrown);
        return;
      }
      if (passage !== undefined) await settle(passage);
      if (this.#pacer.isDue()) await this.#pacer.yield();
    }
  }

  /** Sends an item on its way; what comes after the end is dropped. */
  #enter(item: unknown): Passage | undefined {
    const { stage, execution } = this;
    if (execution.isHalted || this.#budget?.enter(stage.site.path) !== undefined) return undefined;
    return stage.enter(execution, item, execution.run.traceFor(execution.frame.services.lineageSink));
  }

  #wantsMore(): boolean {
    const { stage, execution } = this;
    return !execution.isHalted && !(stage.canClose && stage.segment.isClosed(execution));
  }

  #failed(thrown: unknown): void {
    // An iterator that threw is done by that.
    if (this.#isAsked) this.#closed ??= { work: undefined };
    this.execution.fail(nodeFailed(this.stage.site.path, thrown), this.stage.site);
  }

  /** Tells the iterator that nobody wants more of it, unless it knows; never rejects. */
  #close(): Work {
    return (this.#closed ??= { work: this.#return() }).work;
  }

  #return(): Work {
    const { stage, execution } = this;
    const failed = (thrown: unknown): void => {
      execution.fail(nodeFailed(stage.site.path, thrown, 'failed when it was closed'), stage.site);
    };
    try {
      const returned: unknown = this.source.iterator.return?.();
      if (isThenable(returned)) return Promise.resolve(returned).then(() => undefined, failed);
    } catch (thrown) {
      failed(thrown);
    }
    return undefined;
  }
}

/** As any loop over an iterable does. */
function refuseNoResult(step: unknown): void {
  if (typeof step === 'object' && step !== null) return;
  throw new TypeError('the iterator gave no result object');
}
