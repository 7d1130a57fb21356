import { tryOf, type ModelFailure, type ModelRun } from './fuzz-model-run.js';
import type { ModelExecution } from './fuzz-model-execution.js';
import type { Item, Policy, Work } from './fuzz-program.js';

/** A node of one execution: takes an item with all that follows from it, one after the other. */
export abstract class ModelNode {
  readonly next: ModelNode[] = [];
  inputs = 0;

  constructor(
    readonly execution: ModelExecution,
    readonly id: string,
  ) {}

  abstract push(item: Item): void;

  get path(): string {
    return `${this.execution.path}/${this.id}`;
  }

  get run(): ModelRun {
    return this.execution.run;
  }

  /** One of its inputs has ended. */
  end(): void {
    this.inputs -= 1;
    if (this.inputs > 0) return;
    this.finish();
    for (const next of this.next) next.end();
  }

  finish(): void {
    // Most nodes have nothing left to do.
  }

  /** Whether nobody behind it reads on. */
  get isClosed(): boolean {
    return this.next.length > 0 && this.next.every((next) => next.isClosed);
  }

  protected give(item: Item): void {
    for (const next of this.next) next.push(item);
  }

  /** Counts an item that arrives; false where it is given up. */
  protected arrives(): boolean {
    const counts = this.run.at(this.path);
    counts.in += 1;
    if (!this.execution.isHalted) return true;
    counts.cancelled += 1;
    return false;
  }
}

/** Counts what passes: sources, inputs, outputs. */
export class PassingNode extends ModelNode {
  constructor(
    execution: ModelExecution,
    id: string,
    private readonly leave?: (item: Item) => void,
    private readonly isLeft: () => boolean = () => false,
  ) {
    super(execution, id);
  }

  override push(item: Item): void {
    if (!this.arrives()) return;
    const counts = this.run.at(this.path);
    counts.out += 1;
    counts.emitted += 1;
    this.leave?.(item);
    this.give(item);
  }

  override get isClosed(): boolean {
    return this.leave === undefined ? super.isClosed : this.isLeft();
  }
}

/** What a node gave for an item. */
export type Given = 'nothing' | readonly Item[] | ModelFailure;

/** A node with a policy: tries, and what is decided when one fails. */
export abstract class DecidingNode extends ModelNode {
  constructor(
    execution: ModelExecution,
    id: string,
    private readonly policy: Policy | undefined,
  ) {
    super(execution, id);
  }

  /** One try; 'nothing' where the item has ended and is counted. */
  protected abstract attempt(item: Item): Given;

  protected abstract accepted(outputs: readonly Item[]): void;

  override push(item: Item): void {
    if (!this.arrives()) return;
    const { run, execution, policy } = this;
    const counts = run.at(this.path);
    const holds = (policy?.tries ?? 1) > 1;
    for (let number = 1; ; number += 1) {
      if (holds) run.hold();
      const given = this.attempt(item);
      const isFailure = typeof given === 'object' && 'code' in given;
      if (holds) run.release(!isFailure && !execution.isCancelled);
      if (given === 'nothing') return;
      if (!isFailure) {
        this.accepted(given);
        return;
      }
      if (execution.isCancelled) {
        counts.cancelled += 1;
        return;
      }
      run.event('itemFailed', this.path);
      if (policy !== undefined && number < policy.tries) {
        counts.retried += 1;
        run.event('itemRetried', this.path);
        if (!execution.isHalted) continue;
        counts.cancelled += 1;
        return;
      }
      this.#decide(given, item, number);
      return;
    }
  }

  #decide(failure: ModelFailure, item: Item, tries: number): void {
    const { run, execution } = this;
    const counts = run.at(this.path);
    const then = this.policy?.then ?? 'fail';
    if (then === 'skip') {
      counts.filtered += 1;
      execution.isHandled = true;
      run.event('itemSkipped', this.path);
    } else if (then === 'deadLetter' && run.program.letters) {
      counts.deadLettered += 1;
      execution.isHandled = true;
      run.letter(`${this.path} ${failure.path} ${item.value} ${tries}`, `itemDeadLettered ${this.path}`);
    } else {
      counts.failed += 1;
      execution.fail(failure);
    }
  }
}

/** A transform or a sink that is called with each item. */
export class WorkNode extends DecidingNode {
  constructor(
    execution: ModelExecution,
    id: string,
    policy: Policy | undefined,
    private readonly work: Work,
    private readonly limitMs: number,
    private readonly got: Item[] | undefined,
  ) {
    super(execution, id, policy);
  }

  protected override attempt(item: Item): Given {
    const { run, execution, path, work, got } = this;
    const tries = run.call(path, item);
    if (work.disposes) run.disposers += 1;
    const limited = this.limitMs > 0 || execution.isLimited;
    const came = tryOf(work, path, item, tries, { limited, sink: got !== undefined });
    if (came === 'hangs') {
      if (this.limitMs === 0) execution.limitHit();
      else if (execution.isLimited) run.doubts.add('limits within limits');
      return { code: 'NODE_TIMEOUT', path };
    }
    if (came === 'throws') return { code: 'NODE_FAILED', path };
    if (came !== 'skips') return [got === undefined ? came : item];
    run.at(path).filtered += 1;
    return 'nothing';
  }

  protected override accepted(outputs: readonly Item[]): void {
    const counts = this.run.at(this.path);
    counts.out += 1;
    for (const item of outputs) {
      if (this.got === undefined) counts.emitted += 1;
      this.got?.push(item);
      this.give(item);
    }
  }
}
