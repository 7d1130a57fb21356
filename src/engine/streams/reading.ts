import { systemClock } from '../../ports/clock.js';
import { alarmAt } from '../../run/ending/alarm.js';
import type { Execution } from '../execution/execution.js';
import type { IdleLimit } from './idle-limit.js';
import type { OpenPart, Wait } from '../execution/run-state.js';
import type { Work } from '../execution/work.js';

/** The user's iterator, and whether its items are still wanted. */
export interface ReadIterator {
  /** True while the execution can still use an item. */
  wantsMore(): boolean;
  /** Closes the iterator, only the first time; never rejects. */
  close(): Work;
  /** True while a promise that the iterator gave as an item is awaited. Such a wait may be left at once. */
  isLoose(): boolean;
}

/**
 * Watches the reading of an iterator that must be awaited, from its first item to its end.
 *
 * When no more items are wanted, the iterator is closed even while it waits. If it does not answer within the grace
 * period, it is left alone, and its path is named in `abandoned` of the run's result.
 */
export class Reading {
  readonly #wait: Wait;
  #isLeft = false;
  #leave: () => void = () => undefined;
  #stopAlarm: (() => void) | undefined;

  constructor(
    private readonly execution: Execution,
    private readonly path: string,
    private readonly read: ReadIterator,
    /** Limits the time to wait for an item; undefined for no limit. */
    private readonly idle?: IdleLimit,
  ) {
    this.#wait = execution.run.waitAt(path, false);
  }

  /** True once the iterator is left alone: items that it still gives are dropped. */
  get isLeft(): boolean {
    return this.#isLeft;
  }

  /** Set to true while the iterator has been asked for an item and has not answered. */
  set isWaiting(isWaiting: boolean) {
    this.#wait.isWaiting = isWaiting;
    if (this.idle === undefined) return;
    if (isWaiting) this.idle.begin();
    else this.idle.pause();
  }

  /** Called when the source is open. The wait for the opening ends, but the idle limit goes on until the first item. */
  opened(): void {
    this.#wait.isWaiting = false;
  }

  /** Runs the reading loop. Settles when the loop has ended and the iterator is closed, or when it is left alone. */
  async run(loop: () => Promise<void>): Promise<void> {
    const { execution } = this;
    const { run } = execution;
    const left = new Promise<void>((resolve) => {
      this.#leave = () => {
        this.#isLeft = true;
        resolve();
      };
    });
    const lookUp = (): void => {
      if (this.#wait.isWaiting && !this.read.wantsMore()) this.#closeWaiting();
    };
    const stopWatching = [execution.onStop(lookUp), run.onStreamLeft(lookUp)];
    const part: OpenPart = {
      frame: execution.frame,
      get context() {
        return execution.context;
      },
      forceClose: () => this.read.close(),
      giveUp: this.#leave,
    };
    run.keep(part);
    await Promise.race([this.#readAndClose(loop), left]);
    this.#stopAlarm?.();
    this.idle?.end();
    for (const stop of stopWatching) stop();
    run.release(part);
    this.#wait.end();
  }

  async #readAndClose(loop: () => Promise<void>): Promise<void> {
    await loop();
    this.idle?.end();
    const closed = this.read.close();
    if (closed === undefined) return;
    this.#wait.isWaiting = true;
    this.#limit();
    await closed;
  }

  #closeWaiting(): void {
    this.idle?.end();
    void this.read.close();
    if (this.read.isLoose()) this.#leave();
    else this.#limit();
  }

  #limit(): void {
    if (this.#isLeft) return;
    const { run } = this.execution;
    this.#stopAlarm ??= alarmAt(systemClock, systemClock.now() + run.end.leftMs, () => {
      run.abandoned.add(this.path);
      this.#leave();
    });
  }
}
