import { isThenable, whenSettled } from '../../data/foreign-value.js';
import { wholeNodeFailed } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import { allEnded } from '../stages/fan-out-stage.js';
import type { Plan } from './plan.js';
import { runSources } from './run-plan.js';
import { after } from '../execution/work.js';
import type { Work } from '../execution/work.js';

/** Runs a plan for one item, beside the plan's own sources; an item that is thenable is awaited first. */
export function feedItem(plan: Plan, execution: Execution, item: unknown): Work {
  if (!isThenable(item)) return feedOne(plan, execution, item);
  return whenSettled(
    item,
    (settled) => feedOne(plan, execution, settled),
    (thrown) => {
      const site = plan.input?.site;
      execution.fail(wholeNodeFailed(site?.path ?? plan.blueprint.path, thrown), site);
    },
  );
}

function feedOne(plan: Plan, execution: Execution, item: unknown): Work {
  const { input } = plan;
  const sources = runSources(plan, execution);
  const { scope } = execution.frame;
  const isRefused = scope.budget.limitsItems && scope.budget.enter(plan.blueprint.path) !== undefined;
  const trace = isRefused ? undefined : execution.lineage?.follow(item, 0);
  const pushed = isRefused ? undefined : input?.push(execution, item, trace);
  const ended = after(pushed, () => input?.end(execution));
  return allEnded([sources, ended]);
}
