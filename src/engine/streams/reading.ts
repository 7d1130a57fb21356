import { systemClock } from '../../ports/clock.js';
import { alarmAt } from '../../run/ending/alarm.js';
import type { Execution } from '../execution/execution.js';
import type { IdleLimit } from './idle-limit.js';
import type { OpenPart, Wait } from '../execution/run-state.js';
import type { Work } from '../execution/work.js';

/** What is read: an iterator of a user's, and those who want its items. */
export interface ReadIterator {
  /** Whether anybody still wants an item. */
  wantsMore(): boolean;
  /** Tells the iterator, once, that nobody wants more of it; never rejects. */
  close(): Work;
  /** Whether what is waited for now is no work of the iterator: then it is left at once. */
  isLoose(): boolean;
}

/**
 * The reading of an iterator that makes promises, from its beginning to its end.
 *
 * As soon as nobody wants more, an iterator that has been asked is told so. If it does not answer in as much time as the
 * end of a run may take, it is left, and its path is named in the run's result.
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
    /** How long an item may be waited for; undefined where there is no limit. */
    private readonly idle?: IdleLimit,
  ) {
    this.#wait = execution.run.waitAt(path, false);
  }

  /** Whether it has been left: what the iterator still gives is dropped. */
  get isLeft(): boolean {
    return this.#isLeft;
  }

  /** Notes whether the iterator has been asked and has not answered. */
  set isWaiting(isWaiting: boolean) {
    this.#wait.isWaiting = isWaiting;
    if (this.idle === undefined) return;
    if (isWaiting) this.idle.begin();
    else this.idle.pause();
  }

  /** Notes that the source is open; its first item is waited for still. */
  opened(): void {
    this.#wait.isWaiting = false;
  }

  /** Settles when the loop has ended and the iterator is closed, or when it is left. */
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
