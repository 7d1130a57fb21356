import type { ItemTrace } from '../../lineage/item-trace.js';
import { activateAfter, activationSteps } from '../plan/activation.js';
import { OpenChild } from './open-child.js';
import type { ChildExecution, ChildRun } from '../plan/plan.js';
import { allEnded } from '../stages/fan-out-stage.js';
import type { ChildSteps } from '../plan/generated-child.js';
import { tellNodesCompleted } from '../execution/tell.js';
import { passageFor, settle } from '../passing/passage.js';
import type { Passage } from '../passing/passage.js';
import { closeExecution, openNodes, runSources } from '../plan/run-plan.js';
import { watchNodes } from '../plan/watch-nodes.js';
import type { Work } from '../execution/work.js';

/** Runs a child for one item; `generateChild` generates code that does the same. */
export const runChild: ChildRun = (child, item, trace) => {
  const { plan } = child;
  const opened = openNodes(plan, child);
  return opened === undefined
    ? enterChild(child, item, trace)
    : kept(child, runOpened(opened, child, item, trace));
};

/** Runs the item through a child whose nodes are ready. */
const enterChild: ChildRun = (child, item, trace) => {
  const { plan } = child;
  if (plan.sources.length > 0) return kept(child, runOpened(undefined, child, item, trace));
  return endItem(child, child.isHalted ? undefined : plan.input?.enter(child, item, trace));
};

/** Ends a child whose item has passed; with a passage, after the item has waited. */
function endItem(child: ChildExecution, passage: Passage | undefined): Work {
  if (passage !== undefined) return endAfter(passage, child);
  const ended = endChild(child);
  return ended === undefined ? undefined : kept(child, ended);
}

/** Functions that the generated code of a child calls. */
export const childSteps: ChildSteps = {
  ...activationSteps,
  run: runChild,
  goOn: (begun, child, item, next) =>
    kept(
      child,
      runOpened(
        activateAfter(begun, child.plan.constructed, child, next).then(() => {
          watchNodes(child.plan, child);
        }),
        child,
        item,
        undefined,
      ),
    ),
  watch: (child) => {
    watchNodes(child.plan, child);
  },
  enter: enterChild,
  end: endItem,
};

/** Runs a child whose nodes are not ready at once, or that has sources of its own. */
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

/** Tells the stages that no item will follow; where none needs that, their nodes end together. */
function endInput(child: ChildExecution): Work {
  const { plan, told } = child;
  if (plan.needsEnd || plan.sources.length > 0) return plan.input?.end(child);
  if (told !== undefined && !child.isHalted) tellNodesCompleted(child, plan.unflushed, 'succeeded');
  return undefined;
}

function endChild(child: ChildExecution): Work {
  const ended = endInput(child);
  return ended === undefined ? closeExecution(child.plan, child) : closeAfter(ended, child);
}

async function closeAfter(ended: Promise<void>, child: ChildExecution): Promise<void> {
  await ended;
  await closeExecution(child.plan, child);
}

/** Awaits the child's item, then ends the child. */
function endAfter(passage: Passage, child: ChildExecution): Promise<void> {
  let isEnding = false;
  const open = new OpenChild(child);
  child.run.keep(open);
  return settle(passage, () => {
    const ended = isEnding ? undefined : endChild(child);
    isEnding = true;
    if (ended !== undefined) return passageFor(ended, child);
    child.run.release(open);
    return undefined;
  });
}

/** Awaits the child's work; meanwhile the run can close the child at its deadline. */
async function kept(child: ChildExecution, work: Promise<void>): Promise<void> {
  const open = new OpenChild(child);
  child.run.keep(open);
  await work;
  child.run.release(open);
}
