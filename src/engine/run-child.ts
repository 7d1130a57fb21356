import type { ItemTrace } from '../lineage/item-trace.js';
import type { ChildExecution } from './child-execution.js';
import { allEnded } from './fan-out-stage.js';
import { passageFor, settle } from './passage.js';
import type { Passage } from './passage.js';
import { closeExecution, openExecution, runSources } from './run-plan.js';
import type { Work } from './work.js';

/** Runs a sub-pipeline for its one item, from its first node to its last disposer. */
export function runChild(child: ChildExecution, item: unknown, trace: ItemTrace | undefined): Work {
  const { plan } = child;
  const opened = openExecution(plan, child);
  if (opened !== undefined || plan.sources.length > 0)
    return kept(child, runOpened(opened, child, item, trace));
  const passage = child.isHalted ? undefined : plan.input?.enter(child, item, trace);
  if (passage !== undefined) return endAfter(passage, child);
  const ended = endChild(child);
  return ended === undefined ? undefined : kept(child, ended);
}

/** The way of a child that is not open at once, or has sources of its own beside the item. */
async function runOpened(
  opened: Work,
  child: ChildExecution,
  item: unknown,
  trace: ItemTrace | undefined,
): Promise<void> {
  if (opened !== undefined) await opened;
  const { plan } = child;
  const sources = plan.sources.length === 0 ? undefined : runSources(plan, child);
  const pushed = child.isHalted ? undefined : plan.input?.push(child, item, trace);
  const fed = pushed === undefined ? endInput(child) : pushed.then(() => endInput(child));
  await allEnded([sources, fed]);
  await closeExecution(plan, child);
}

/** Tells the stages that no item will follow, where any of them, or an observer, must know. */
function endInput(child: ChildExecution): Work {
  return child.plan.needsEnd || child.observer !== undefined ? child.plan.input?.end(child) : undefined;
}

function endChild(child: ChildExecution): Work {
  const ended = endInput(child);
  return ended === undefined ? closeExecution(child.plan, child) : closeAfter(ended, child);
}

async function closeAfter(ended: Promise<void>, child: ChildExecution): Promise<void> {
  await ended;
  await closeExecution(child.plan, child);
}

/** Sees the item to the end of its way, and then the child to its end. */
function endAfter(passage: Passage, child: ChildExecution): Promise<void> {
  let isEnding = false;
  child.run.keep(child);
  return settle(passage, () => {
    const ended = isEnding ? undefined : endChild(child);
    isEnding = true;
    if (ended !== undefined) return passageFor(ended, child);
    child.run.release(child);
    return undefined;
  });
}

/** Should the child be given up while it works, the run can close it. */
async function kept(child: ChildExecution, work: Promise<void>): Promise<void> {
  child.run.keep(child);
  await work;
  child.run.release(child);
}
