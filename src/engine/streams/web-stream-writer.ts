import { ignoreRejection } from '../../data/foreign-value.js';
import type { WebWritable } from '../../nodes/writable-sink.js';
import { Room } from './stream-writer.js';
import type { StreamWriter } from './stream-writer.js';
import type { Work } from '../execution/work.js';

/** The members of a web stream's writer that are used here. */
interface Writer {
  readonly closed: Promise<unknown>;
  readonly ready: Promise<unknown>;
  readonly desiredSize: number | null;
  write(chunk: unknown): Promise<unknown>;
  close(): Promise<unknown>;
  abort(reason?: unknown): Promise<unknown>;
  releaseLock(): void;
}

/** Writes to a web stream; the stream is locked while any run writes to it. */
export class WebStreamWriter implements StreamWriter {
  readonly #room = new Room();
  #writer: Writer | undefined;
  /** True once this writer closes or aborts the stream. Errors are then expected, and not reported. */
  #isOver = false;

  constructor(
    private readonly stream: WebWritable<unknown>,
    /** Called when the stream fails, or is closed by other code. */
    private readonly failed: (error: unknown) => void,
  ) {}

  open(): Work {
    if (this.#isOver) throw new Error('the stream has been closed');
    const isKnown = this.#writer !== undefined;
    const writer = (this.#writer ??= this.stream.getWriter() as Writer);
    if (!isKnown) {
      writer.closed.then(() => {
        this.#fail(new Error('the stream has been closed'));
      }, this.#fail);
    }
    // A size of 0 or less may mean full or closed; only the promise `closed` tells which.
    const isDoubtful = writer.desiredSize === null || writer.desiredSize <= 0;
    return isDoubtful ? refusedIfClosed(writer) : undefined;
  }

  write(item: unknown): Work {
    const writer = this.#writer;
    if (writer === undefined) throw new Error('the stream has been released');
    writer.write(item).catch(this.#fail);
    if (writer.desiredSize === null || writer.desiredSize > 0) return undefined;
    return this.#room.wait((open) => {
      writer.ready.then(open, open);
    });
  }

  wake(): void {
    this.#room.open();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#writer?.close();
    this.#unlock();
  }

  async destroy(reason: unknown): Promise<void> {
    this.#isOver = true;
    try {
      await this.#writer?.abort(reason);
    } catch {
      // The stream had failed before it was aborted.
    }
    this.#unlock();
  }

  release(): void {
    if (!this.#isOver) this.#unlock();
  }

  #unlock(): void {
    const writer = this.#writer;
    this.#writer = undefined;
    if (writer === undefined) return;
    writer.releaseLock();
    ignoreRejection(writer.closed);
    ignoreRejection(writer.ready);
  }

  readonly #fail = (error: unknown): void => {
    this.#room.open();
    // After the unlock the stream belongs to other code: its errors are not reported here.
    if (!this.#isOver && this.#writer !== undefined) this.failed(error);
  };
}

/** Rejects if a stream is closed or has failed; waits one microtask for the promise `closed`. */
async function refusedIfClosed({ closed }: Writer): Promise<void> {
  const isClosed = closed.then(() => {
    throw new Error('the stream has been closed');
  });
  ignoreRejection(isClosed);
  await Promise.race([isClosed, Promise.resolve().then(() => undefined)]);
}
