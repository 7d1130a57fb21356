// An interpreter of programs by the rules alone: one item after the other, each as far as it goes, with plain loops.
// It shares nothing with the engine. Where a rule leaves something open, it says so (`doubts`, `openCounts`).
import { increase, itemsOf, ModelRun, type ModelFailure } from './fuzz-model-run.js';
import {
  DecidingNode,
  ModelNode,
  PassingNode,
  StreamNode,
  StreamSinkNode,
  WorkNode,
  type Given,
} from './fuzz-model-nodes.js';
import {
  branchPrefix,
  isSubPipeline,
  stepId,
  type ChildStep,
  type Form,
  type Hook,
  type Item,
  type Pipe,
  type Program,
  type Sink,
  type Source,
  type Step,
} from './fuzz-program.js';
import { isLeftOut } from './fuzz-left-out.js';
import { hasStatefulMix, overlapsIn } from './fuzz-order.js';

/** Where the outputs of an execution go. */
interface Outlet {
  readonly take: (item: Item) => void;
  readonly isLeft: () => boolean;
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
  readonly sources: [Source, PassingNode][] = [];
  input: PassingNode | undefined;
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
  ) {
    this.overlaps = overlapsIn(pipe) || (outlet !== undefined && pipe.sources.length > 0);
    run.event('pipelineStarted', path);
    drawGraph(this, outlet);
    this.#activate();
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

  runSource(source: Source, node: PassingNode): void {
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

function drawGraph(execution: ModelExecution, outlet: Outlet | undefined): void {
  const { pipe } = execution;
  let heads: ModelNode[] = [];
  if (outlet !== undefined) {
    execution.input = new PassingNode(execution, 'input');
    execution.input.inputs = 1;
    heads.push(execution.input);
  }
  for (const [index, source] of pipe.sources.entries()) {
    const id = `source-${String(index)}`;
    if (source.kind === 'class') execution.classes.push({ id, form: 'class', init: 'none' });
    const node = new PassingNode(execution, id);
    node.inputs = 1;
    execution.sources.push([source, node]);
    heads.push(node);
  }
  heads = drawSteps(execution, pipe.steps, '', heads);
  if (outlet === undefined) drawSink(execution, pipe.sink, 'sink', heads);
  else connect(heads, new PassingNode(execution, 'output', outlet.take, outlet.isLeft));
}

function drawSteps(
  execution: ModelExecution,
  steps: readonly Step[],
  prefix: string,
  from: ModelNode[],
): ModelNode[] {
  let heads = from;
  for (const [index, step] of steps.entries()) {
    const id = stepId(prefix, index, step);
    if (step.kind === 'branches') {
      heads = step.branches.flatMap((branch, number) => {
        const own = branchPrefix(id, number);
        const ends = drawSteps(execution, branch.steps, own, heads);
        if (branch.sink === undefined) return ends;
        drawSink(execution, branch.sink, `${own}sink`, ends);
        return [];
      });
    } else {
      const node = nodeOf(execution, step, id);
      connect(heads, node);
      heads = [node];
    }
  }
  return heads;
}

function connect(from: readonly ModelNode[], to: ModelNode): void {
  for (const node of from) node.next.push(to);
  to.inputs = from.length;
}

function nodeOf(execution: ModelExecution, step: Exclude<Step, { kind: 'branches' }>, id: string): ModelNode {
  if (step.kind === 'work') {
    const { form, init, policy, work, limitMs } = step;
    if (isClass(form)) execution.classes.push({ id, form, init });
    return new WorkNode(execution, id, policy, work, limitMs, undefined);
  }
  if (step.kind === 'stream') {
    if (isClass(step.form)) execution.classes.push({ id, form: step.form, init: 'none' });
    return new StreamNode(execution, id, step.op);
  }
  if (step.granularity === 'stream') return new StreamChildNode(execution, id, step);
  return new ChildNode(execution, id, step);
}

function drawSink(execution: ModelExecution, sink: Sink, id: string, heads: readonly ModelNode[]): void {
  const path = `${execution.path}/${id}`;
  const got = execution.run.sinks.get(path) ?? [];
  execution.run.sinks.set(path, got);
  const { form } = sink;
  const init = sink.kind === 'sink' ? sink.init : 'none';
  if (isClass(form)) execution.classes.push({ id, form, init });
  if (sink.kind === 'streamSink') {
    connect(heads, new StreamSinkNode(execution, id, sink.reads, got));
    return;
  }
  if (sink.lanes > 1) execution.run.looseSinks.add(path);
  execution.itemSinks.push({ id, form, flush: sink.flush });
  connect(heads, new WorkNode(execution, id, sink.policy, sink.work, sink.limitMs, got));
}

function isClass(form: Form): boolean {
  return form === 'class' || form === 'runClass';
}

/** A composite that runs its sub-pipeline for each item. */
class ChildNode extends DecidingNode {
  constructor(
    execution: ModelExecution,
    id: string,
    private readonly step: ChildStep,
  ) {
    super(execution, id, step.policy);
  }

  /** Whether outputs leave as they come: no policy can undo them. */
  get #isLive(): boolean {
    const { output, policy } = this.step;
    return output === 'many' && (policy === undefined || (policy.tries === 1 && policy.then === 'fail'));
  }

  protected override attempt(item: Item): Given {
    const { run, execution, step, path } = this;
    const counts = run.at(path);
    const outputs: Item[] = [];
    run.event('compositeStarted', path);
    const child = new ModelExecution(run, step.pipe, path, execution, step.limitMs > 0, {
      take: (output) => {
        outputs.push(output);
        if (!this.#isLive) return;
        counts.emitted += 1;
        this.give(output);
        if (execution.isHalted && !execution.isCancelled)
          run.doubts.add(`fails while a child of it works: ${path}`);
      },
      isLeft: () => this.isClosed,
    });
    child.runSources();
    if (!child.isHalted) child.input?.push(item);
    child.input?.end();
    child.close();
    if (execution.isCancelled) {
      run.event('compositeCompleted', path, 'cancelled');
      counts.cancelled += 1;
      return 'nothing';
    }
    const failure = child.isTimedOut
      ? { code: 'NODE_TIMEOUT', path }
      : (child.failure ?? wrongNumber(step.output, outputs.length, child.isHandled, path));
    run.event('compositeCompleted', path, failure === undefined ? 'succeeded' : 'failed');
    if (failure !== undefined) return failure;
    if (outputs.length === 0) {
      counts.filtered += 1;
      if (child.isHandled) execution.isHandled = true;
      return 'nothing';
    }
    if (step.output === 'first') return outputs.slice(0, 1);
    return step.output === 'last' ? outputs.slice(-1) : outputs;
  }

  protected override accepted(outputs: readonly Item[]): void {
    const counts = this.run.at(this.path);
    counts.out += 1;
    if (this.#isLive) return;
    counts.emitted += outputs.length;
    for (const output of outputs) this.give(output);
  }
}

/** What is wrong with the number of outputs of one child. */
function wrongNumber(
  output: ChildStep['output'],
  count: number,
  isHandled: boolean,
  path: string,
): ModelFailure | undefined {
  const mayBeEmpty = isHandled || output === 'optional' || output === 'many';
  if (count === 0 && !mayBeEmpty) return { code: 'COMPOSITE_NO_OUTPUT', path };
  if (count > 1 && (output === 'one' || output === 'optional'))
    return { code: 'COMPOSITE_MULTIPLE_OUTPUTS', path };
  return undefined;
}

/** A composite whose one child gets the whole stream. */
class StreamChildNode extends ModelNode {
  #child: ModelExecution | undefined;
  #hasFailedItem = false;

  constructor(
    execution: ModelExecution,
    id: string,
    private readonly step: ChildStep,
  ) {
    super(execution, id);
  }

  override get isClosed(): boolean {
    return this.#child?.input === undefined ? super.isClosed : this.#child.input.isClosed;
  }

  override push(item: Item): void {
    if (!this.arrives()) return;
    const counts = this.run.at(this.path);
    const child = this.#open();
    if (!child.isHalted) child.input?.push(item);
    this.#watch(child);
    if (child.failure !== undefined && !this.#hasFailedItem) {
      this.#hasFailedItem = true;
      counts.failed += 1;
    } else if (child.isHalted) {
      counts.cancelled += 1;
      // Whether the item that was under way when the run was cancelled went through is not said.
      this.run.openCounts.add(this.path);
    } else counts.out += 1;
  }

  override finish(): void {
    if (this.#child === undefined && this.execution.isHalted) return;
    const child = this.#open();
    child.input?.end();
    child.close();
    this.#watch(child);
  }

  #open(): ModelExecution {
    if (this.#child !== undefined) return this.#child;
    const { execution, run, path, step } = this;
    const child = new ModelExecution(run, step.pipe, path, execution, false, {
      take: (output) => {
        run.at(path).emitted += 1;
        this.give(output);
      },
      isLeft: () => super.isClosed,
    });
    this.#child = child;
    child.runSources();
    this.#watch(child);
    return child;
  }

  #watch(child: ModelExecution): void {
    if (child.isHandled) this.execution.isHandled = true;
    if (child.failure !== undefined) this.execution.fail(child.failure);
  }
}

/** Interprets a program. */
export function interpret(program: Program): ModelRun {
  const run = new ModelRun(program);
  const { root } = program;
  for (const doubt of hasStatefulMix(program)) run.doubts.add(doubt);
  const outlet = isSubPipeline(program)
    ? { take: (item: Item) => void run.outputs.push(item), isLeft: () => false }
    : undefined;
  const execution = new ModelExecution(run, root, 'root', undefined, false, outlet);
  execution.runSources();
  const { input } = execution;
  if (input !== undefined && program.entry === 'stream') execution.runSource(program.input, input);
  if (input !== undefined && program.entry === 'runItem') {
    const [item = { value: 1, way: 'root/input' }] = itemsOf(program.input, 'root/input');
    if (!execution.isHalted) input.push(item);
    else if (isLeftOut('runItem after a failed init')) run.doubts.add('an item after the end');
    input.end();
    const output = run.outputs.length;
    const failure = wrongNumber(program.output, output, false, 'root');
    if (failure !== undefined) execution.fail(failure);
  }
  execution.close();
  run.failure = execution.failure;
  if (run.isCancelled && execution.overlaps) run.doubts.add('a cancel where work overlaps');
  return run;
}
