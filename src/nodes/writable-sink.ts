import { hasMethod, isInstanceOf } from '../data/foreign-value.js';
import { SinkNode } from './sink-node.js';
import { StreamSinkNode } from './stream-sink-node.js';

/** A Node stream as a sink: a `Writable`, or what is written to, ended and listened to in the same way. */
export interface NodeWritable<in TIn> {
  /** Takes one item; `false` says that the next one should wait for the event `drain`. */
  write(chunk: TIn): unknown;
  /** Says that no item follows. */
  end(): unknown;
  /** Listens to `drain`, `error` and `close`. */
  on(event: string, listener: (...given: never[]) => void): unknown;
}

/** A web stream as a sink: a `WritableStream`. */
export interface WebWritable<in TIn> {
  /** Locks the stream to a writer. */
  getWriter(): {
    /** Takes one item. */
    write(chunk: TIn): Promise<unknown>;
  };
  /** Gives the stream up. */
  abort(reason?: unknown): Promise<unknown>;
}

/**
 * A Node or web stream as a sink.
 *
 * Items are written with backpressure; no single write is awaited. The run that first wrote to a stream ends it when
 * that run succeeds, and destroys it otherwise. Standard output and standard error stay open.
 */
export type WritableSink<TIn> = NodeWritable<TIn> | WebWritable<TIn>;

/** Whether a value is a web stream to write to, told by its methods. */
export function isWebWritable(value: unknown): value is WebWritable<unknown> {
  return hasMethod(value, 'getWriter') && hasMethod(value, 'abort');
}

/** Whether a value is a stream to write to, told by its methods; a node of a user's own is none. */
export function isWritable(value: unknown): value is WritableSink<unknown> {
  if (isInstanceOf(value, SinkNode) || isInstanceOf(value, StreamSinkNode)) return false;
  if (typeof value !== 'object' || value === null) return false;
  return isWebWritable(value) || ['write', 'end', 'on'].every((method) => hasMethod(value, method));
}
