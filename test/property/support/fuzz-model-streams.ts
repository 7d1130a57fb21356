import type { ModelExecution } from './fuzz-model-execution.js';
import { ModelNode } from './fuzz-model-nodes.js';
import { increase } from './fuzz-model-run.js';
import type { Item, StreamOp } from './fuzz-program.js';

/** A stream transform, as a machine that is told of each item and of the end. */
export class StreamNode extends ModelNode {
  #taken = 0;
  #credited = 0;
  #isDone = false;
  readonly #kept: Item[] = [];

  constructor(
    execution: ModelExecution,
    id: string,
    private readonly op: StreamOp,
  ) {
    super(execution, id);
  }

  override get isClosed(): boolean {
    return this.#isDone || super.isClosed;
  }

  override push(item: Item): void {
    if (!this.arrives()) return;
    const { run, op } = this;
    if (this.#isDone) {
      run.at(this.path).filtered += 1;
      return;
    }
    this.#taken += 1;
    const { type, count } = op;
    if (type === 'fail' && this.#taken === count) {
      this.execution.fail({ code: 'NODE_FAILED', path: this.path });
      this.#settle(1);
      return;
    }
    if (type === 'batch' || type === 'hold') this.#kept.push(item);
    if (type === 'batch' && this.#kept.length === count) this.#emit(sumOf(this.#kept.splice(0)));
    else if (type === 'hold' && this.#kept.length > count) this.#emit(this.#kept.shift());
    else if (type === 'repeat')
      for (let time = 0; time < count; time += 1) this.#emit({ ...item, value: item.value + time });
    else if (type === 'take' || type === 'fail') this.#emit(item);
    else if (type === 'filter' && item.value % (count + 1) !== 0) this.#emit(item);
    if (type !== 'take' || this.#taken < count) return;
    this.execution.closes();
    this.#endOfCode();
  }

  override finish(): void {
    if (!this.#isDone && !this.execution.isHalted) {
      const { type } = this.op;
      if (type === 'batch' && this.#kept.length > 0) this.#emit(sumOf(this.#kept.splice(0)));
      while (type === 'hold' && this.#kept.length > 0) this.#emit(this.#kept.shift());
      this.#endOfCode();
    }
    if (!this.#isDone) this.#settle(0);
  }

  #emit(item: Item | undefined): void {
    // After the end its outputs are dropped.
    if (item === undefined || this.#isDone || this.execution.isHalted) return;
    if (super.isClosed) {
      this.#isDone = true;
      const counts = this.run.at(this.path);
      counts.out += this.#credited;
      counts.filtered += this.#taken - this.#credited;
      this.run.openCounts.add(this.path);
      return;
    }
    this.#credited = this.#taken;
    this.run.at(this.path).emitted += 1;
    this.give({ value: item.value, way: `${item.way} ${this.path}` });
  }

  /** Its code has come to its own end. */
  #endOfCode(): void {
    if (this.#isDone || this.execution.isHalted) return;
    this.#credited = this.#taken;
    this.#settle(0);
  }

  #settle(failed: number): void {
    this.#isDone = true;
    const counts = this.run.at(this.path);
    counts.out += this.#credited;
    counts.failed += failed;
    counts.cancelled += this.#taken - this.#credited - failed;
  }
}

/** A sink that reads the stream itself, so many items or all. */
export class StreamSinkNode extends ModelNode {
  readonly #got: Item[] = [];

  constructor(
    execution: ModelExecution,
    id: string,
    private readonly reads: number,
    private readonly got: Item[],
  ) {
    super(execution, id);
  }

  override get isClosed(): boolean {
    return this.reads > 0 && this.#got.length >= this.reads;
  }

  override push(item: Item): void {
    if (!this.arrives()) return;
    const counts = this.run.at(this.path);
    if (this.isClosed) {
      counts.filtered += 1;
      return;
    }
    increase(this.run.calls, this.path);
    counts.out += 1;
    this.#got.push(item);
    this.got.push(item);
    if (this.isClosed) this.execution.closes();
  }
}

function sumOf(items: readonly Item[]): Item {
  return {
    value: items.reduce((sum, { value }) => sum + value, 0) % 1_000,
    way: items[0]?.way ?? '',
  };
}
