import { isThenable } from '../data/foreign-value.js';
import type { ItemTrace } from '../lineage/item-trace.js';
import type { SourceNode } from '../nodes/source-node.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { nodeFailed } from './engine-errors.js';
import type { Execution } from './execution.js';
import type { NodeCode } from './node-code.js';
import { settle } from './passage.js';
import type { Passage } from './passage.js';
import { Pull } from './pull.js';
import type { AnyIterator, OpenedSource, PulledStage } from './pull.js';
import { NO_SEGMENT } from './segment-stage.js';
import type { SegmentStage } from './segment-stage.js';
import { NodeStage } from './stage.js';
import type { StageSite } from './stage-site.js';
import type { Work } from './work.js';

/**
 * Iterators that have been opened: one gives its items once, whoever opens it again must be told.
 * It is no state of a run: whether an iterator is used up is a fact about the iterator.
 */
const opened = new WeakSet();

/** Brings items in: pulled from what the node's code opens. */
export class SourceStage extends NodeStage implements PulledStage {
  /** Whether anything behind it can lose interest before the items end. */
  canClose = false;

  /** What the items that it pulls go through first. */
  segment: SegmentStage = NO_SEGMENT;

  constructor(
    site: StageSite,
    readonly code: NodeCode,
  ) {
    super(site);
  }

  /** Takes an item that comes in by itself. */
  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    const passage = this.enter(execution, item, trace);
    return passage === undefined ? undefined : settle(passage);
  }

  /** The same for a caller that waits itself; gives a passage where the item must wait. */
  enter(execution: Execution, item: unknown, trace: ItemTrace | undefined): Passage | undefined {
    execution.run.counter(this.index).passed += 1;
    trace?.pass(this.place(execution), 1, 1);
    return this.segment.enter(execution, item, trace);
  }

  /** Opens the source and pulls until its end, or the execution's. */
  run(execution: Execution): Work {
    if (execution.isHalted) return this.next.end(execution);
    const target = this.state(execution) as Pick<SourceNode<unknown>, 'open'>;
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

  /** Pulls from an iterable to its end, or the execution's. */
  feed(execution: Execution, items: unknown): Work {
    let pull: Pull;
    try {
      pull = new Pull(this, execution, openSource(items, this.site.path));
    } catch (thrown) {
      return this.#failed(execution, thrown);
    }
    return pull.run();
  }

  #failed(execution: Execution, thrown: unknown): Work {
    const isOurs =
      thrown instanceof PipelineError && thrown.code === 'SOURCE_EXHAUSTED' && thrown.path === this.site.path;
    execution.fail(isOurs ? thrown : nodeFailed(this.site.path, thrown), this.site);
    return this.next.end(execution);
  }
}

const iterateArray = Array.prototype[Symbol.iterator];

function openSource(items: unknown, path: string): OpenedSource {
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
  const isPlainArray = Array.isArray(items) && open === iterateArray;
  return { iterator, isAsync: openAsync !== undefined, list: isPlainArray ? items : undefined };
}

function exhausted(path: string): PipelineError {
  return new PipelineError('SOURCE_EXHAUSTED', {
    path,
    problem: 'This source is an iterator, which gives its items once, and it has been opened before.',
    remedy: 'Give a function that makes a new one, an array, or a SourceNode.',
  });
}
