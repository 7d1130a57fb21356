import type { ItemTrace } from '../lineage/item-trace.js';
import type { SourceNode } from '../nodes/source-node.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { nodeFailed } from './engine-errors.js';
import type { Execution } from './execution.js';
import { allEnded } from './fan-out-stage.js';
import type { NodeCode } from './node-code.js';
import { Pacer } from './pacer.js';
import { NodeStage } from './stage.js';
import type { StageSite } from './stage-site.js';
import { after, isThenable } from './work.js';
import type { Work } from './work.js';

/**
 * Iterators that have been opened: one gives its items once, whoever opens it again must be told.
 * It is no state of a run: whether an iterator is used up is a fact about the iterator.
 */
const opened = new WeakSet();

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/** Pulls items one at a time: the next one when the one before has gone as far as it can. */
export class SourceStage extends NodeStage {
  /** Whether anything behind it can lose interest before the items end. */
  canClose = false;

  constructor(
    site: StageSite,
    readonly code: NodeCode,
  ) {
    super(site);
  }

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    const counter = execution.run.counter(this.index);
    counter.in += 1;
    counter.out += 1;
    counter.emitted += 1;
    trace?.pass(this.place(execution), 1, 1);
    return this.next.push(execution, item, trace);
  }

  /** Opens the source and pulls until its end, or the execution's. */
  run(execution: Execution): Work {
    if (execution.isHalted) return this.next.end(execution);
    const target = (this.code.shared ?? this.state(execution)) as Pick<SourceNode<unknown>, 'open'>;
    let items: unknown;
    try {
      items = target.open(this.view(execution));
      // Inside: to look for a 'then' may throw.
      if (isThenable(items)) items = Promise.resolve(items);
    } catch (thrown) {
      return this.#failed(execution, thrown);
    }
    if (!(items instanceof Promise)) return this.feed(execution, items);
    const wait = execution.run.waitAt(this.site.path);
    return items.then(
      (settled: unknown) => {
        wait.end();
        return this.feed(execution, settled);
      },
      (thrown: unknown) => {
        wait.end();
        return this.#failed(execution, thrown);
      },
    );
  }

  /** Pulls from an iterable: without a promise as long as neither it nor what follows makes one. */
  feed(execution: Execution, items: unknown): Work {
    try {
      const opened = openIterator(items, this.site.path);
      if (opened.isAsync) return this.#pullAsync(execution, opened.iterator, undefined, undefined, true);
      return this.#pullSync(execution, opened.iterator as Iterator<unknown>);
    } catch (thrown) {
      return this.#failed(execution, thrown);
    }
  }

  #pullSync(execution: Execution, iterator: Iterator<unknown>): Work {
    const pacer = new Pacer();
    const sink = execution.frame.services.lineageSink;
    let isAsked = false;
    try {
      while (this.#wantsMore(execution)) {
        isAsked = true;
        const step = iterator.next();
        refuseNoResult(step);
        isAsked = false;
        if (step.done === true) return this.end(execution);
        if (isThenable(step.value)) return this.#pullAsync(execution, iterator, step.value);
        const pushed = this.push(execution, step.value, sink && execution.run.traceFor(sink));
        if (pushed !== undefined) return this.#pullAsync(execution, iterator, undefined, pushed);
        if (pacer.isDue()) return this.#pullAsync(execution, iterator, undefined, pacer.yield());
      }
    } catch (thrown) {
      // Stages never throw. What did is the iterator, which is done by that, or an item that cannot be looked at.
      const failed = this.#failed(execution, thrown);
      const closed = isAsked ? undefined : this.#close(execution, iterator);
      return allEnded([failed, closed]);
    }
    return after(this.#close(execution, iterator), () => this.end(execution));
  }

  /** @param first an item that is still a promise. @param pending what the item before still does. */
  async #pullAsync(
    execution: Execution,
    iterator: AnyIterator,
    first: PromiseLike<unknown> | undefined,
    pending?: Promise<void>,
    isAsync = false,
  ): Promise<void> {
    const { run } = execution;
    const sink = execution.frame.services.lineageSink;
    const pacer = new Pacer();
    const wait = run.waitAt(this.site.path, false);
    let closed: { readonly work: Work } | undefined;
    const close = (): Work => (closed ??= { work: this.#close(execution, iterator) }).work;
    // An iterator that is asked and does not answer may answer to its end.
    const closeWaiting = (): void => {
      if (wait.isWaiting && !this.#wantsMore(execution)) void close();
    };
    const stopWatching = [
      execution.onStop(closeWaiting),
      run.onStreamLeft(closeWaiting),
      run.keep(execution, close),
    ];
    if (pending !== undefined) await pending;
    let ahead = first;
    try {
      while (ahead !== undefined || this.#wantsMore(execution)) {
        wait.isWaiting = true;
        const answer = ahead === undefined ? iterator.next() : { value: ahead, done: false };
        ahead = undefined;
        // A synchronous iterator answers at once: no promise for its items.
        const step: IteratorResult<unknown> = isAsync ? await answer : (answer as IteratorResult<unknown>);
        refuseNoResult(step);
        if (step.done === true) {
          closed ??= { work: undefined };
          break;
        }
        const item: unknown = isThenable(step.value) ? await step.value : step.value;
        wait.isWaiting = false;
        // What comes after the end is dropped.
        if (execution.isHalted) break;
        const pushed = this.push(execution, item, sink && run.traceFor(sink));
        if (pushed !== undefined) await pushed;
        if (pacer.isDue()) await pacer.yield();
      }
    } catch (thrown) {
      closed ??= { work: undefined };
      execution.fail(nodeFailed(this.site.path, thrown), this.site);
    }
    wait.isWaiting = true;
    await close();
    for (const stop of stopWatching) stop();
    wait.end();
    await this.end(execution);
  }

  #wantsMore(execution: Execution): boolean {
    return !execution.isHalted && !(this.canClose && this.next.isClosed(execution));
  }

  /** Tells an iterator that nobody wants more of it; never rejects. */
  #close(execution: Execution, iterator: AnyIterator): Work {
    const failed = (thrown: unknown): void => {
      execution.fail(nodeFailed(this.site.path, thrown, 'failed when it was closed'), this.site);
    };
    try {
      const returned: unknown = iterator.return?.();
      if (isThenable(returned)) return Promise.resolve(returned).then(() => undefined, failed);
    } catch (thrown) {
      failed(thrown);
    }
    return undefined;
  }

  #failed(execution: Execution, thrown: unknown): Work {
    const isOurs =
      thrown instanceof PipelineError && thrown.code === 'SOURCE_EXHAUSTED' && thrown.path === this.site.path;
    execution.fail(isOurs ? thrown : nodeFailed(this.site.path, thrown), this.site);
    return this.next.end(execution);
  }
}

function openIterator(
  items: unknown,
  path: string,
): { readonly iterator: AnyIterator; readonly isAsync: boolean } {
  const source: Partial<AsyncIterable<unknown>> & Partial<Iterable<unknown>> = Object(items) as object;
  const openAsync = source[Symbol.asyncIterator];
  const open = openAsync ?? source[Symbol.iterator];
  if (open === undefined) {
    throw new TypeError(`a source must give an iterable, not ${items === null ? 'null' : typeof items}`);
  }
  const iterator = (open as () => AnyIterator).call(items);
  if (iterator === items) {
    if (opened.has(iterator)) throw exhausted(path);
    opened.add(iterator);
  }
  return { iterator, isAsync: openAsync !== undefined };
}

/** As any loop over an iterable does. */
function refuseNoResult(step: unknown): void {
  if (typeof step === 'object' && step !== null) return;
  throw new TypeError('the iterator gave no result object');
}

function exhausted(path: string): PipelineError {
  return new PipelineError('SOURCE_EXHAUSTED', {
    path,
    problem: 'This source is an iterator, which gives its items once, and it has been opened before.',
    remedy: 'Give a function that makes a new one, an array, or a SourceNode.',
  });
}
