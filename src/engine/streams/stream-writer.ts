import type { Work } from '../execution/work.js';

/** Writes to one stream on behalf of all runs that currently write to it. */
export interface StreamWriter {
  /**
   * Begins to listen to the stream; from now on its errors are reported.
   *
   * Throws, or returns a promise that rejects, if the stream accepts no more data.
   */
  open(): Work;
  /** Writes an item; returns a promise, never rejecting, if the next item should wait. May throw. */
  write(item: unknown): Work;
  /** Ends all waits for room, whether or not there is room. */
  wake(): void;
  /** Ends the stream; settles once all written data has been processed. */
  end(): Promise<void>;
  /** Destroys the stream; settles when it is closed, never rejects. */
  destroy(reason: unknown): Promise<void>;
  /** Stops listening and leaves the stream open for its owner. */
  release(): void;
}

/** A promise for room in a stream's buffer, shared by all writes that wait. */
export class Room {
  #waiting: { readonly promise: Promise<void>; readonly open: () => void } | undefined;

  /**
   * Settles when there is room.
   *
   * @param ask called for the first of several waits, with the function to call when there is room.
   */
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

  /** Settles the promise of all that wait. */
  open(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.open();
  }
}
