import type { ItemTrace } from '../../lineage/item-trace.js';
import type { Execution } from '../execution/execution.js';
import { Stage } from './stage.js';
import type { Work } from '../execution/work.js';

/** Number of stages in a row that may call each other on one stack. */
const STAGES_PER_FLIGHT = 64;

/**
 * Continues items in a new microtask, so that a row of thousands of nodes does not overflow the stack.
 *
 * Each stage calls the next one on the same stack; long rows get a landing stage between flights of 64 nodes.
 */
export class LandingStage extends Stage {
  #decider: Stage | undefined;

  constructor(private readonly next: Stage) {
    super();
  }

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    return LANDED.then(() => this.next.push(execution, item, trace));
  }

  override end(execution: Execution): Work {
    return LANDED.then(() => this.next.end(execution));
  }

  override isClosed(execution: Execution): boolean {
    return (this.#decider ??= deciderOf(this.next)).isClosed(execution);
  }

  override get relay(): Stage {
    return this.next;
  }
}

const LANDED = Promise.resolve();

/** The first stage from here on that itself decides whether it still accepts items. */
function deciderOf(first: Stage): Stage {
  let stage = first;
  for (let { relay } = stage; relay !== undefined; { relay } = stage) stage = relay;
  return stage;
}

/** The edges of a graph, as {@link flightsOf} reads them. */
interface Connections {
  edgesOf(from: string): Iterable<{ readonly to: string }>;
  inputsOf(to: string): number;
}

/**
 * Numbers the flight of each node; nodes of one flight never form a row of more than 64.
 *
 * The depth of a node is the length of the longest path to it, found in topological order (Kahn, 1962).
 */
export function flightsOf(ids: Iterable<string>, connections: Connections): (id: string) => number {
  const depths = new Map<string, number>();
  const missing = new Map<string, number>();
  const ready: string[] = [];
  for (const id of ids) {
    const inputs = connections.inputsOf(id);
    missing.set(id, inputs);
    if (inputs === 0) ready.push(id);
  }
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    const depth = depths.get(id) ?? 0;
    for (const { to: target } of connections.edgesOf(id)) {
      depths.set(target, Math.max(depths.get(target) ?? 0, depth + 1));
      const left = (missing.get(target) ?? 0) - 1;
      missing.set(target, left);
      if (left === 0) ready.push(target);
    }
  }
  return (id) => Math.floor((depths.get(id) ?? 0) / STAGES_PER_FLIGHT);
}
