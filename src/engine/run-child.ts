import type { ItemTrace } from '../lineage/item-trace.js';
import type { ChildExecution } from './child-execution.js';
import { allEnded } from './fan-out-stage.js';
import { closeExecution, openExecution, runSources } from './run-plan.js';
import type { Work } from './work.js';

/** Runs a sub-pipeline for its one item, from its first node to its last disposer. */
export function runChild(child: ChildExecution, item: unknown, trace: ItemTrace | undefined): Work {
  const opened = openExecution(child.plan, child);
  const fed = opened === undefined ? feed(child, item, trace) : feedAfter(opened, child, item, trace);
  if (fed !== undefined) return closeAfter(fed, child);
  const closed = closeExecution(child.plan, child);
  return closed === undefined ? undefined : closeAfter(closed, child);
}

function feed(child: ChildExecution, item: unknown, trace: ItemTrace | undefined): Work {
  const { plan } = child;
  const sources = plan.sources.length === 0 ? undefined : runSources(plan, child);
  const pushed = child.isHalted ? undefined : plan.input?.push(child, item, trace);
  const ended = pushed === undefined ? endInput(child) : endAfter(pushed, child);
  return sources === undefined ? ended : allEnded([sources, ended]);
}

/** Tells the stages that no item will follow, where any of them, or an observer, must know. */
function endInput(child: ChildExecution): Work {
  if (!child.plan.needsEnd && child.observer === undefined) return undefined;
  return child.plan.input?.end(child);
}

// What follows is for children that make a promise, apart, so that the others need not make the functions.

async function feedAfter(
  opened: Promise<void>,
  child: ChildExecution,
  item: unknown,
  trace: ItemTrace | undefined,
): Promise<void> {
  await opened;
  await feed(child, item, trace);
}

function endAfter(pushed: Promise<void>, child: ChildExecution): Promise<void> {
  const needsEnd = child.plan.needsEnd || child.observer !== undefined;
  return needsEnd ? pushed.then(() => endInput(child)) : pushed;
}

/** Closes the child after what it still does; should it be given up meanwhile, the run can close it. */
async function closeAfter(work: Promise<void>, child: ChildExecution): Promise<void> {
  const release = child.run.keep(child, () => closeExecution(child.plan, child, true));
  await work;
  const closed = closeExecution(child.plan, child);
  if (closed !== undefined) await closed;
  release();
}
