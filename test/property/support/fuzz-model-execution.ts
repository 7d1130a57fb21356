import { increase, itemsOf, type ModelFailure, type ModelRun } from './fuzz-model-run.js';
import { overlapsIn } from './fuzz-order.js';
import type { Form, Hook, Item, Pipe, Source } from './fuzz-program.js';

/** Where the outputs of an execution go. */
export interface Outlet {
  readonly take: (item: Item) => void;
  readonly isLeft: () => boolean;
}

/** Draws the nodes of an execution. */
type Draw = (execution: ModelExecution, outlet: Outlet | undefined) => void;

/** Where items enter: a source, or the input of a sub-pipeline. */
interface ModelEntry {
  readonly path: string;
  readonly isClosed: boolean;
  push(item: Item): void;
  end(): void;
}

/** A node that is a class, in the order of the builder's calls. */
interface ModelClass {
  readonly id: string;
  readonly form: Form;
  readonly init: Hook;
}

interface ModelSink {
  readonly id: string;
  readonly form: Form;
  readonly flush: Hook;
}

/** One execution of one pipeline of the tree. */
export class ModelExecution {
  failure: ModelFailure | undefined;
  isHandled = false;
  /** Whether the limit of its composite has been reached. */
  isTimedOut = false;
  readonly classes: ModelClass[] = [];
  readonly itemSinks: ModelSink[] = [];
  readonly sources: [Source, ModelEntry][] = [];
  input: ModelEntry | undefined;
  /** Whether anything in it may overlap in time. */
  readonly overlaps: boolean;
  readonly #made = new Set<string>();

  constructor(
    readonly run: ModelRun,
    readonly pipe: Pipe,
    readonly path: string,
    readonly parent: ModelExecution | undefined,
    private readonly hasLimit: boolean,
    outlet: Outlet | undefined,
    /** Draws the nodes of an execution, those of children too. */
    readonly draw: Draw,
  ) {
    this.overlaps = overlapsIn(pipe) || (outlet !== undefined && pipe.sources.length > 0);
    run.event('pipelineStarted', path);
    draw(this, outlet);
    this.#activate();
  }

  /** Whether other executions of the same pipeline, at the same place, may go on at the same time. */
  get isBeside(): boolean {
    return this.run.wideComposites.has(this.path) || this.parent?.isBeside === true;
  }

  /** Whether a composite around it, or its own, has a limit of time. */
  get isLimited(): boolean {
    return this.hasLimit || this.parent?.isLimited === true;
  }

  get isCancelled(): boolean {
    return this.run.isCancelled || this.isTimedOut || this.parent?.isCancelled === true;
  }

  get isHalted(): boolean {
    return this.failure !== undefined || this.isEndedFromOutside;
  }

  /** Whether a cancel, a limit or a failure around it has ended it. */
  get isEndedFromOutside(): boolean {
    return this.isCancelled || this.parent?.isHalted === true;
  }

  fail(failure: ModelFailure): void {
    if (this.isHalted) return;
    this.failure = failure;
    if (this.overlaps) this.run.doubts.add(`fails where work overlaps: ${this.path}`);
  }

  /** Something that reads has had enough. */
  closes(): void {
    if (this.overlaps) this.run.doubts.add(`a reader leaves where work overlaps: ${this.path}`);
    if (this.parent !== undefined) this.parent.closes();
  }

  /** A call waits for the end of the nearest limit around it. */
  limitHit(): void {
    if (this.overlaps) this.run.doubts.add(`a limit where work overlaps: ${this.path}`);
    if (!this.hasLimit) this.parent?.limitHit();
    else if (this.parent?.isLimited === true) this.run.doubts.add('limits within limits');
    else this.isTimedOut = true;
  }

  /** Lets its own sources run, one after the other, to the end of each. */
  runSources(): void {
    for (const [source, node] of this.sources) this.runSource(source, node);
  }

  runSource(source: Source, node: ModelEntry): void {
    for (const item of itemsOf(source, node.path)) {
      if (this.isHalted || node.isClosed) break;
      node.push(item);
    }
    if (!this.isHalted && !node.isClosed) {
      if (source.then === 'throw') this.fail({ code: 'NODE_FAILED', path: node.path });
      if (source.then === 'wait') this.run.waits = true;
    }
    node.end();
  }

  close(): void {
    const { run, path } = this;
    for (const { id, form, flush } of this.itemSinks) {
      const isThere = form === 'instance' || this.#made.has(id);
      if (flush === 'none' || form === 'function' || !isThere) continue;
      increase(run.flushed, `${path}/${id}`);
      if (flush === 'fails') this.fail({ code: 'NODE_FAILED', path: `${path}/${id}` });
    }
    if (this.failure !== undefined) run.event('pipelineFailed', path, 'failed');
    else if (this.isEndedFromOutside) run.event('pipelineFailed', path, 'cancelled');
    else run.event('pipelineCompleted', path);
  }

  #activate(): void {
    const { run } = this;
    for (const { id, form, init } of this.classes) {
      if (this.isHalted) return;
      const path = `${this.path}/${id}`;
      const known = form === 'runClass' ? run.runInits.get(path) : undefined;
      this.#made.add(id);
      if (known === undefined) increase(run.constructed, path);
      const fails = known ?? init === 'fails';
      if (form === 'runClass') run.runInits.set(path, fails);
      if (fails) this.fail({ code: 'NODE_FAILED', path });
    }
  }
}
