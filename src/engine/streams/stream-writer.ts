import type { Work } from '../execution/work.js';

/** Writes to one stream, for all runs that write to it at the moment. */
export interface StreamWriter {
  /**
   * Begins to listen to the stream; what goes wrong from now on is told.
   *
   * Throws, or gives a promise that rejects, where the stream can take nothing any more.
   */
  open(): Work;
  /** Writes an item; gives a promise where the next item should wait, which never rejects. May throw. */
  write(item: unknown): Work;
  /** Lets those go on that wait for room. */
  wake(): void;
  /** Ends the stream; settles once all that was written has arrived. */
  end(): Promise<void>;
  /** Gives the stream up; settles once that is done, never rejects. */
  destroy(reason: unknown): Promise<void>;
  /** Leaves the stream as it is, to whoever has made it. */
  release(): void;
}

/** Room for the next item of a stream: one promise for all that wait. */
export class Room {
  #waiting: { readonly promise: Promise<void>; readonly open: () => void } | undefined;

  /** Settles when there is room; asks for that where nobody waits yet. */
  wait(ask: (open: () => void) => void = () => undefined): Promise<void> {
    if (this.#waiting === undefined) {
      let open = (): void => undefined;
      const promise = new Promise<void>((resolve) => {
        open = resolve;
      });
      this.#waiting = { promise, open };
      ask(() => {
        this.open();
      });
    }
    return this.#waiting.promise;
  }

  /** Lets all go on that wait. */
  open(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.open();
  }
}
