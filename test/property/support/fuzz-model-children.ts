import { ModelExecution } from './fuzz-model-execution.js';
import type { ModelFailure } from './fuzz-model-run.js';
import { DecidingNode, ModelNode, type Given } from './fuzz-model-nodes.js';
import type { ChildStep, Item } from './fuzz-program.js';

/** A composite that runs its sub-pipeline for each item. */
export class ChildNode extends DecidingNode {
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
    if (step.lanes > 1) run.wideComposites.add(path);
    const child = new ModelExecution(
      run,
      step.pipe,
      path,
      execution,
      step.limitMs > 0,
      {
        take: (output) => {
          outputs.push(output);
          if (!this.#isLive) return;
          counts.emitted += 1;
          this.give(output);
          if (execution.isHalted && !execution.isCancelled)
            run.doubts.add(`fails while a child of it works: ${path}`);
        },
        isLeft: () => this.isClosed,
      },
      execution.draw,
    );
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

/** A composite whose one child gets the whole stream. */
export class StreamChildNode extends ModelNode {
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
    const child = new ModelExecution(
      run,
      step.pipe,
      path,
      execution,
      false,
      {
        take: (output) => {
          run.at(path).emitted += 1;
          this.give(output);
        },
        isLeft: () => super.isClosed,
      },
      execution.draw,
    );
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

/** What is wrong with the number of outputs of one child. */
export function wrongNumber(
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
