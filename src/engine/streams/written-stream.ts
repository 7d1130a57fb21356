import { runInContext } from '../../context/ambient-context.js';
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

/** A stream that items are written to, for all runs that do so. */
class SharedStream {
  readonly users = new Set<WrittenStream>();
  readonly writer: StreamWriter;
  /** The run that first wrote to it, which ends it. */
  firstRun: RunState | undefined;
  /** What the stream has failed with. */
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

/** Who writes to each stream. It is no state of a run: which run came first is a fact about the stream. */
const sharedStreams = new WeakMap<object, SharedStream>();

function sharedStream(stream: WritableSink<unknown>): SharedStream {
  const known = sharedStreams.get(stream);
  if (known !== undefined) return known;
  const shared = new SharedStream(stream);
  sharedStreams.set(stream, shared);
  return shared;
}

/** An execution that writes to a stream: its node, and the function that stops watching the end of the execution. */
interface Attached {
  readonly site: StageSite;
  readonly unwatch: () => void;
}

/** A stream that a run writes to: what `write` is called on in the place of a sink's code. */
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

  /** The one of a run and a stream; made when a node with the stream is first activated in the run. */
  static of(run: RunState, stream: WritableSink<unknown>, site: StageSite): WrittenStream {
    const known = run.written?.get(stream);
    if (known instanceof WrittenStream) return known;
    const written = new WrittenStream(run, stream, site);
    (run.written ??= new Map()).set(stream, written);
    return written;
  }

  /**
   * Lets an execution write until it is detached: an error of the stream ends it.
   *
   * Throws, or gives a promise that rejects, where the stream can take nothing any more.
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

  /** Writes an item; gives a promise where the next one should wait. */
  write(item: unknown): Work {
    this.#shared.firstRun ??= this.run;
    return this.#shared.writer.write(item);
  }

  /** Ends what an error of the stream ends. */
  failed(error: unknown): void {
    for (const [execution, { site }] of [...this.#attached]) {
      runInContext(execution, () => {
        execution.fail(wholeNodeFailed(site.path, error, 'failed'), site);
      });
    }
  }

  /** Ends the writing of the run: the stream is ended or destroyed where the run was the first to write to it. */
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

/** Standard output and standard error are the process's, not the run's. */
function isStandard(stream: object): boolean {
  return stream === process.stdout || stream === process.stderr;
}
