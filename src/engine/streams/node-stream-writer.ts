import { finished } from 'node:stream';
import type { Writable } from 'node:stream';
import { hasMethod, readProperty } from '../../data/foreign-value.js';
import type { NodeWritable } from '../../nodes/writable-sink.js';
import { Room } from './stream-writer.js';
import type { StreamWriter } from './stream-writer.js';
import type { Work } from '../execution/work.js';

/** Writes to a Node stream. */
export class NodeStreamWriter implements StreamWriter {
  readonly #room = new Room();
  #isListening = false;
  /** True once this writer ends or destroys the stream. `close` and errors are then expected, and not reported. */
  #isOver = false;

  constructor(
    private readonly stream: NodeWritable<unknown>,
    /** Called when the stream fails, or is closed by other code. */
    private readonly failed: (error: unknown) => void,
  ) {}

  open(): Work {
    const refusal = refusalOf(this.stream);
    if (refusal !== undefined) throw refusal;
    if (this.#isListening) return undefined;
    this.#isListening = true;
    this.stream.on('error', this.#onError);
    this.stream.on('close', this.#onClose);
    this.stream.on('drain', this.#onDrain);
    return undefined;
  }

  write(item: unknown): Work {
    return this.stream.write(item) === false ? this.#room.wait() : undefined;
  }

  wake(): void {
    this.#room.open();
  }

  end(): Promise<void> {
    this.#isOver = true;
    return new Promise((resolve, reject) => {
      this.#whenFinished((error) => {
        if (error === undefined || error === null) resolve();
        else reject(error);
      });
      this.stream.end();
    });
  }

  destroy(reason: unknown): Promise<void> {
    this.#isOver = true;
    return new Promise((resolve) => {
      if (!hasMethod(this.stream, 'destroy')) {
        resolve();
        return;
      }
      this.#whenFinished(() => {
        resolve();
      });
      (this.stream as Partial<Writable>).destroy?.(reason as Error);
    });
  }

  release(): void {
    // An ended stream keeps its error listener: an 'error' event without listener would end the process.
    if (this.#isOver || !this.#isListening) return;
    const stream = this.stream as Partial<Writable>;
    stream.removeListener?.('error', this.#onError);
    stream.removeListener?.('close', this.#onClose);
    stream.removeListener?.('drain', this.#onDrain);
    this.#isListening = false;
  }

  #whenFinished(listener: (error?: Error | null) => void): void {
    finished(Object(this.stream) as NodeJS.WritableStream, { readable: false }, listener);
  }

  readonly #onError = (error: unknown): void => {
    this.#fail(error);
  };

  readonly #onClose = (): void => {
    this.#fail(refusalOf(this.stream) ?? new Error('the stream was closed'));
  };

  readonly #onDrain = (): void => {
    this.#room.open();
  };

  #fail(error: unknown): void {
    this.#room.open();
    if (!this.#isOver) this.failed(error);
  }
}

/** The reason why a stream accepts no more data; undefined if its properties name none. */
function refusalOf(stream: object): Error | undefined {
  const errored = readProperty(stream, 'errored');
  if (errored !== undefined && errored !== null) return errored as Error;
  if (readProperty(stream, 'writableEnded') === true) return new Error('the stream has been ended');
  if (readProperty(stream, 'destroyed') === true) return new Error('the stream has been destroyed');
  if (readProperty(stream, 'writable') === false) return new Error('the stream cannot be written to');
  return undefined;
}
