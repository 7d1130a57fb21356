import type { ItemTrace } from '../../lineage/item-trace.js';
import type { Execution } from '../execution/execution.js';
import { Stage } from './stage.js';
import type { Work } from '../execution/work.js';

interface WaitingItem {
  readonly item: unknown;
  readonly trace: ItemTrace | undefined;
  readonly resolve: () => void;
}

/** State of a gate in one execution. */
interface GateState {
  /** True while an item is being processed behind the gate. */
  isBusy: boolean;
  ended: number;
  readonly waiting: WaitingItem[];
}

/**
 * Joins several inputs and passes one item at a time; each input keeps its order.
 *
 * Ends when all inputs have ended.
 */
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
   * Lets the next waiting item in, or opens the gate, once the current item is done.
   *
   * @param pushed what pushing the current item returned.
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

  /** Lets the next waiting item in; the work of the item before does not include that of this one. */
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

  /** Returns the state of the gate in an execution; made at the first call. */
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
