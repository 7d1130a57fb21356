import type { ChildExecution } from './child-execution.js';
import { allEnded } from './fan-out-stage.js';
import { closeExecution, openExecution, runSources } from './run-plan.js';
import type { Work } from './work.js';

/** Runs a sub-pipeline for its one item, from its first node to its last disposer. */
export function runChild(child: ChildExecution): Work {
  const opened = openExecution(child.plan, child);
  const ran = opened === undefined ? feed(child) : opened.then(() => feed(child));
  if (ran === undefined) return undefined;
  // Should it be given up, the run can close it.
  return ran.then(child.run.keep(child, () => closeExecution(child.plan, child, true)));
}

function feed(child: ChildExecution): Work {
  const { plan } = child;
  const sources = plan.sources.length === 0 ? undefined : runSources(plan, child);
  const pushed = child.isHalted ? undefined : plan.input?.push(child, child.item, child.innerTrace);
  const ended = pushed === undefined ? endInput(child) : pushed.then(() => endInput(child));
  const fed = sources === undefined ? ended : allEnded([sources, ended]);
  return fed === undefined ? closeExecution(plan, child) : fed.then(() => closeExecution(plan, child));
}

/** Tells the stages that no item will follow, where any of them, or an observer, must know. */
function endInput(child: ChildExecution): Work {
  if (!child.plan.needsEnd && child.observer === undefined) return undefined;
  return child.plan.input?.end(child);
}
