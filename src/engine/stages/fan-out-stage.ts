import type { ItemTrace } from '../../lineage/item-trace.js';
import type { Execution } from '../execution/execution.js';
import { Stage } from './stage.js';
import type { Work } from '../execution/work.js';

/** Pushes every item into several branches at once; done with an item when the slowest branch is. */
export class FanOutStage extends Stage {
  constructor(readonly branches: readonly Stage[]) {
    super();
  }

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    const { branches } = this;
    const last = branches.length - 1;
    let pending: Promise<void>[] | undefined;
    for (let index = 0; index <= last; index += 1) {
      const branch = index === last ? trace : trace?.fork();
      const pushed = (branches[index] as Stage).push(execution, item, branch);
      if (pushed !== undefined) (pending ??= []).push(pushed);
    }
    return pending && joined(pending);
  }

  override end(execution: Execution): Work {
    return allEnded(this.branches.map((branch) => branch.end(execution)));
  }

  override isClosed(execution: Execution): boolean {
    return this.branches.every((branch) => branch.isClosed(execution));
  }
}

/** Waits for several pieces of work that run concurrently. */
export function allEnded(works: readonly Work[]): Work {
  const pending = works.filter((work) => work !== undefined);
  return pending.length === 0 ? undefined : joined(pending);
}

function joined(pending: readonly Promise<void>[]): Promise<void> {
  const [only] = pending;
  return pending.length === 1 && only !== undefined ? only : Promise.all(pending).then(() => undefined);
}
