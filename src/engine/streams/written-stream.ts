import { enterExecution } from '../execution/active-scopes.js';
import { isWebWritable } from '../../nodes/writable-sink.js';
import type { WritableSink } from '../../nodes/writable-sink.js';
import type { Outcome } from '../../ports/execution-observer.js';
import { wholeNodeFailed } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import { NodeStreamWriter } from './node-stream-writer.js';
import type { RunState, Writing } from '../execution/run-state.js';
import type { StageSite } from '../execution/stage-site.js';
import type { StreamWriter } from './stream-writer.js';
import { WebStreamWriter } from './web-stream-writer.js';
import type { Work } from '../execution/work.js';

/** A stream, with the writer shared by all runs that write to it. */
class SharedStream {
  readonly users = new Set<WrittenStream>();
  readonly writer: StreamWriter;
  /** The run that wrote to the stream first; only this run ends the stream. */
  firstRun: RunState | undefined;
  /** The stream's first error, if it has failed. */
  failure: { readonly error: unknown } | undefined;

  constructor(stream: WritableSink<unknown>) {
    const failed = (error: unknown): void => {
      this.failure ??= { error };
      for (const user of [...this.users]) user.failed(error);
    };
    this.writer = isWebWritable(stream)
      ? new WebStreamWriter(stream, failed)
      : new NodeStreamWriter(stream, failed);
  }
}

/** The shared state of each stream. Module state is right here: several runs may write to one stream. */
const sharedStreams = new WeakMap<object, SharedStream>();

function sharedStream(stream: WritableSink<unknown>): SharedStream {
  const known = sharedStreams.get(stream);
  if (known !== undefined) return known;
  const shared = new SharedStream(stream);
  sharedStreams.set(stream, shared);
  return shared;
}

/** The node of an execution that writes to a stream, and the function that stops watching its end. */
interface Attached {
  readonly site: StageSite;
  readonly unwatch: () => void;
}

/** A stream in one run; its `write` is called in place of a sink node's. */
export class WrittenStream implements Writing {
  readonly #shared: SharedStream;
  readonly #attached = new Map<Execution, Attached>();

  private constructor(
    private readonly run: RunState,
    private readonly stream: WritableSink<unknown>,
    readonly site: StageSite,
  ) {
    this.#shared = sharedStream(stream);
    this.#shared.users.add(this);
  }

  /** Returns the WrittenStream of a stream in a run; made at the first call. */
  static of(run: RunState, stream: WritableSink<unknown>, site: StageSite): WrittenStream {
    const known = run.written?.get(stream);
    if (known instanceof WrittenStream) return known;
    const written = new WrittenStream(run, stream, site);
    (run.written ??= new Map()).set(stream, written);
    return written;
  }

  /**
   * Lets an execution write until `detach`; an error of the stream fails the execution.
   *
   * Throws, or returns a promise that rejects, if the stream accepts no more data.
   */
  attach(execution: Execution, site: StageSite): Work {
    this.#refuseFailed();
    const opened = this.#shared.writer.open();
    const unwatch = execution.onStop(() => {
      this.#shared.writer.wake();
    });
    this.#attached.set(execution, { site, unwatch });
    return opened;
  }

  detach(execution: Execution): void {
    this.#attached.get(execution)?.unwatch();
    this.#attached.delete(execution);
  }

  /** Writes an item; returns a promise if the next item should wait. */
  write(item: unknown): Work {
    this.#shared.firstRun ??= this.run;
    return this.#shared.writer.write(item);
  }

  /** Fails all attached executions with an error of the stream. */
  failed(error: unknown): void {
    for (const [execution, { site }] of [...this.#attached]) {
      enterExecution(execution, () => {
        execution.fail(wholeNodeFailed(site.path, error, 'failed'), site);
      });
    }
  }

  /** Ends the writing of the run. Ends or destroys the stream only if this run was the first to write to it. */
  async close(outcome: Outcome, reason: unknown): Promise<void> {
    const { writer, firstRun } = this.#shared;
    for (const execution of [...this.#attached.keys()]) this.detach(execution);
    this.#shared.users.delete(this);
    writer.wake();
    if (firstRun !== this.run || isStandard(this.stream)) {
      if (this.#shared.users.size === 0) writer.release();
      if (firstRun === this.run && outcome === 'succeeded') this.#refuseFailed();
      return;
    }
    const { failure } = this.#shared;
    if (outcome === 'succeeded' && failure === undefined) {
      await writer.end();
      return;
    }
    await writer.destroy(reason ?? failure?.error);
    if (outcome === 'succeeded') this.#refuseFailed();
  }

  #refuseFailed(): void {
    const { failure } = this.#shared;
    if (failure !== undefined) throw failure.error;
  }
}

/** True for standard output and standard error: they belong to the process, and no run ends them. */
function isStandard(stream: object): boolean {
  return stream === process.stdout || stream === process.stderr;
}
