import {
  currentContext,
  SinkNode,
  TransformNode,
  type Constructor,
  type PipelineContext,
  type Skip,
} from 'heirline';
import { nextTurn } from '../../integration/support/harness.js';
import type { TwinLevel, WorkNode } from './twin-graph.js';
import { Tries, workOn, type TwinItem } from './twin-work.js';

/** Whether nodes give what they give at once: always, never, or from item to item as a hash has it. */
export type Pace = 'sync' | 'async' | 'mixed';

/** The id that a run is given. */
export const RUN_ID = 'the-run';

/** What nodes note while a run goes on. */
export class Recorder {
  /** What must not be, in words. */
  readonly wrong: string[] = [];
  readonly sinks = new Map<string, TwinItem[]>();
  /** How often instances were made, initialised, flushed and disposed, by path and what. */
  readonly lives = new Map<string, number>();
  readonly tries = new Tries();
  readonly calls = new Map<string, number>();
  readonly #busy = new Map<string, number>();

  constructor(
    private readonly pace: Pace,
    private readonly seed: number,
  ) {}

  live(path: string, what: string): void {
    const key = `${path} ${what}`;
    this.lives.set(key, (this.lives.get(key) ?? 0) + 1);
  }

  /** Checks the context that a node was given against the one around it. */
  check(level: TwinLevel, id: string, context: PipelineContext, when: string): void {
    const shouldBe = {
      node: id,
      path: level.path,
      pipelineName: level.name,
      parent: level.path === 'root' ? undefined : level.path.split('/').at(-1),
      isOfRun: level.sharesRun,
      rootRunId: RUN_ID,
    };
    const is = {
      node: context.currentNodeId,
      path: context.path,
      pipelineName: context.pipelineName,
      parent: context.parent?.nodeId,
      isOfRun: context.runId === RUN_ID,
      rootRunId: context.rootRunId,
    };
    const wrong = `${level.path}/${id}, ${when}`;
    if (JSON.stringify(is) !== JSON.stringify(shouldBe)) this.wrong.push(`${wrong}: ${JSON.stringify(is)}`);
    if (currentContext()?.pipelineId !== context.pipelineId)
      this.wrong.push(`${wrong}: another current context`);
    this.checkAmbient(level.path, wrong);
  }

  /** Checks the context around code that is given none. */
  checkAmbient(path: string, wrong: string): void {
    const around = currentContext()?.path;
    if (around !== path) this.wrong.push(`${wrong}: the current context is that of ${String(around)}`);
  }

  /** Calls a function at once, or after a wait, or gives a thenable that is no promise. */
  paced<T>(what: string, value: number, call: (waited: boolean) => T): T | Promise<T> {
    const drawn = hash(this.seed, what, value) % 10;
    if (this.pace === 'sync' || (this.pace === 'mixed' && drawn < 5)) return call(false);
    const wait = drawn === 5 || drawn === 0 ? nextTurn() : Promise.resolve();
    const later = wait.then(() => call(true));
    if (drawn === 6) return later.then((result) => result);
    if (this.pace === 'async' || drawn !== 7) return later;
    const thenable: PromiseLike<T> = { then: (fulfilled, rejected) => later.then(fulfilled, rejected) };
    return thenable as Promise<T>;
  }

  /** Counts the calls of a node that are under way in one execution. */
  enter(path: string, { pipelineId }: PipelineContext, lanes: number): () => void {
    const key = `${pipelineId} ${path}`;
    const busy = (this.#busy.get(key) ?? 0) + 1;
    this.#busy.set(key, busy);
    if (busy > lanes) this.wrong.push(`${path} is called ${busy} times at once`);
    return () => this.#busy.set(key, (this.#busy.get(key) ?? 0) - 1);
  }
}

/** A number that depends on all that it is made of. */
function hash(seed: number, text: string, value: number): number {
  let mixed = (seed * 31 + value * 17 + 7) | 0;
  for (let index = 0; index < text.length; index += 1)
    mixed = Math.imul(mixed ^ text.charCodeAt(index), 16_777_619);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** The code of one transform or sink, whatever it is bound as. */
export class Worker {
  constructor(
    readonly recorder: Recorder,
    readonly level: TwinLevel,
    readonly node: WorkNode,
  ) {}

  /** @param calls how often the instance has been called; default: the function, or the node handed in. */
  call(
    item: TwinItem,
    context: PipelineContext,
    calls = this.#nextCall(),
  ): TwinItem | Skip | Promise<TwinItem | Skip> {
    const { recorder, level, node } = this;
    const { work, lanes } = node.step;
    recorder.check(level, node.id, context, 'called');
    const leave = recorder.enter(node.path, context, lanes);
    if (work.writes !== 'nothing') context[work.writes].set(work.key, item.value);
    return recorder.paced(node.path, item.value, (waited) => {
      leave();
      if (waited) recorder.check(level, node.id, context, 'after a wait');
      const result = workOn(work, node.tag, item, recorder.tries.next(node.path, item), calls, {
        get: (dictionary, key) => context[dictionary].get(key),
        set: (dictionary, key, value) => context[dictionary].set(key, value),
      });
      if (node.kind === 'sink') {
        const taken = recorder.sinks.get(node.path) ?? [];
        recorder.sinks.set(node.path, [...taken, item]);
      }
      return result;
    });
  }

  made(context: PipelineContext): void {
    const { recorder, node } = this;
    recorder.live(node.path, 'made');
    this.#lifeChecked(context, 'constructed');
  }

  init(context: PipelineContext): unknown {
    const { recorder, node } = this;
    recorder.live(node.path, 'init');
    this.#lifeChecked(context, 'init');
    return recorder.paced(`init ${node.path}`, 0, () => {
      this.#lifeChecked(context, 'after the wait of init');
    });
  }

  flush(context: PipelineContext, outcome: string): unknown {
    const { recorder, level, node } = this;
    recorder.live(node.path, `flush ${outcome}`);
    recorder.check(level, node.id, context, 'flush');
    return recorder.paced(`flush ${node.path}`, 0, () => {
      recorder.check(level, node.id, context, 'after the wait of flush');
    });
  }

  disposed(): unknown {
    const { recorder, node } = this;
    recorder.live(node.path, 'disposed');
    recorder.checkAmbient(this.#homePath, `${node.path}, dispose`);
    return recorder.paced(`disposed ${node.path}`, 0, () => {
      recorder.checkAmbient(this.#homePath, `${node.path}, after the wait of dispose`);
    });
  }

  /** Checks that an instance works for the execution that it was made for, unless it is one of the run. */
  checkHome(home: string, { pipelineId }: PipelineContext): void {
    const { recorder, node } = this;
    if (node.step.binding === 'class' && home !== pipelineId) {
      recorder.wrong.push(`${node.path} works for another execution`);
    }
  }

  notOwned(): never {
    this.recorder.wrong.push(`${this.node.path} is shared: init and dispose are its owner's`);
    throw new TypeError('not owned');
  }

  /** The path of the execution that an instance belongs to. */
  get #homePath(): string {
    return this.node.step.binding === 'run' ? 'root' : this.level.path;
  }

  #lifeChecked(context: PipelineContext, when: string): void {
    const { recorder, level, node } = this;
    if (node.step.binding !== 'run') {
      recorder.check(level, node.id, context, when);
    } else {
      if (context.path !== 'root') recorder.wrong.push(`${node.path}, ${when}: made for ${context.path}`);
      recorder.checkAmbient('root', `${node.path}, ${when}`);
    }
  }

  #nextCall(): number {
    const { calls } = this.recorder;
    const next = (calls.get(this.node.path) ?? 0) + 1;
    calls.set(this.node.path, next);
    return next;
  }
}

type TransformCode = (item: TwinItem, context: PipelineContext) => TwinItem | Skip | Promise<TwinItem | Skip>;

/** A transform as its binding has it. */
export function transformOf(
  worker: Worker,
): TransformCode | TransformNode<TwinItem, TwinItem> | Constructor<TransformNode<TwinItem, TwinItem>> {
  switch (worker.node.step.binding) {
    case 'function':
      return (item, context) => worker.call(item, context);
    case 'instance':
      return new SharedTransform(worker);
    case 'class':
    case 'run':
      return transformClass(worker);
  }
}

/** A sink as its binding has it. */
export function sinkOf(worker: Worker): TransformCode | SinkNode<TwinItem> | Constructor<SinkNode<TwinItem>> {
  switch (worker.node.step.binding) {
    case 'function':
      return (item, context) => worker.call(item, context);
    case 'instance':
      return new SharedSink(worker);
    case 'class':
    case 'run':
      return sinkClass(worker);
  }
}

class SharedTransform extends TransformNode<TwinItem, TwinItem> {
  constructor(private readonly worker: Worker) {
    super();
  }

  override init(): unknown {
    return this.worker.notOwned();
  }

  override dispose(): unknown {
    return this.worker.notOwned();
  }

  override transform(item: TwinItem, context: PipelineContext): TwinItem | Skip | Promise<TwinItem | Skip> {
    return this.worker.call(item, context);
  }
}

class SharedSink extends SinkNode<TwinItem> {
  constructor(private readonly worker: Worker) {
    super();
  }

  override dispose(): unknown {
    return this.worker.notOwned();
  }

  override write(item: TwinItem, context: PipelineContext): unknown {
    return this.worker.call(item, context);
  }

  override flush(context: PipelineContext, outcome: string): unknown {
    return this.worker.flush(context, outcome);
  }
}

function transformClass(worker: Worker): Constructor<TransformNode<TwinItem, TwinItem>> {
  return class extends TransformNode<TwinItem, TwinItem> {
    readonly #home: string;
    #calls = 0;

    constructor(context: PipelineContext) {
      super();
      this.#home = context.pipelineId;
      worker.made(context);
    }

    override init(context: PipelineContext): unknown {
      return worker.init(context);
    }

    override dispose(): unknown {
      return worker.disposed();
    }

    override transform(item: TwinItem, context: PipelineContext): TwinItem | Skip | Promise<TwinItem | Skip> {
      worker.checkHome(this.#home, context);
      this.#calls += 1;
      return worker.call(item, context, this.#calls);
    }
  };
}

function sinkClass(worker: Worker): Constructor<SinkNode<TwinItem>> {
  return class extends SinkNode<TwinItem> {
    readonly #home: string;
    #calls = 0;

    constructor(context: PipelineContext) {
      super();
      this.#home = context.pipelineId;
      worker.made(context);
    }

    override init(context: PipelineContext): unknown {
      return worker.init(context);
    }

    override dispose(): unknown {
      return worker.disposed();
    }

    override write(item: TwinItem, context: PipelineContext): unknown {
      worker.checkHome(this.#home, context);
      this.#calls += 1;
      return worker.call(item, context, this.#calls);
    }

    override flush(context: PipelineContext, outcome: string): unknown {
      return worker.flush(context, outcome);
    }
  };
}
