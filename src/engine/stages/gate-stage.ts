import type { ItemTrace } from '../../lineage/item-trace.js';
import type { Execution } from '../execution/execution.js';
import { Stage } from './stage.js';
import type { Work } from '../execution/work.js';

interface WaitingItem {
  readonly item: unknown;
  readonly trace: ItemTrace | undefined;
  readonly resolve: () => void;
}

/** A gate in one execution. */
interface GateState {
  /** Whether an item is inside. */
  isBusy: boolean;
  ended: number;
  readonly waiting: WaitingItem[];
}

/** Stands where several inputs meet: lets one item through at a time, each input's own in order, and ends with the last of them. */
export class GateStage extends Stage {
  constructor(
    readonly inner: Stage,
    private readonly inputs: number,
    private readonly slot: number,
  ) {
    super();
  }

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    const state = this.state(execution);
    if (state.isBusy) return waitIn(state, item, trace);
    state.isBusy = true;
    return this.leave(execution, state, this.inner.push(execution, item, trace));
  }

  /**
   * Lets the next item in, or opens the gate, once the item inside has left.
   *
   * @param pushed the work of the item inside.
   */
  leave(execution: Execution, state: GateState, pushed: Work): Work {
    if (pushed !== undefined) return this.#openAfter(pushed, execution, state);
    if (state.waiting.length > 0) this.#letNextIn(execution, state);
    else state.isBusy = false;
    return undefined;
  }

  override end(execution: Execution): Work {
    const state = this.state(execution);
    state.ended += 1;
    return state.ended === this.inputs ? this.inner.end(execution) : undefined;
  }

  override get relay(): Stage {
    return this.inner;
  }

  override isClosed(execution: Execution): boolean {
    return this.inner.isClosed(execution);
  }

  async #openAfter(pushed: Promise<void>, execution: Execution, state: GateState): Promise<void> {
    await pushed;
    this.#letNextIn(execution, state);
  }

  /** Lets the next waiting item in; the item that has left does not wait for that one. */
  #letNextIn(execution: Execution, state: GateState): void {
    for (let next = state.waiting.shift(); next !== undefined; next = state.waiting.shift()) {
      const { resolve } = next;
      const pushed = this.inner.push(execution, next.item, next.trace);
      if (pushed !== undefined) {
        void pushed.then(() => {
          resolve();
          this.#letNextIn(execution, state);
        });
        return;
      }
      resolve();
    }
    state.isBusy = false;
  }

  /** The state of the gate in an execution; made when it is first asked for. */
  state(execution: Execution): GateState {
    const known = execution.states[this.slot] as GateState | undefined;
    if (known !== undefined) return known;
    const state: GateState = { isBusy: false, ended: 0, waiting: [] };
    execution.states[this.slot] = state;
    return state;
  }
}

function waitIn(state: GateState, item: unknown, trace: ItemTrace | undefined): Promise<void> {
  return new Promise((resolve) => {
    state.waiting.push({ item, trace, resolve });
  });
}
