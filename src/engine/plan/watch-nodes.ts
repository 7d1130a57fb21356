import type { CalledCode } from '../stages/called-code.js';
import type { Execution } from '../execution/execution.js';
import { MeteredTarget } from '../stages/metered-target.js';
import { ScopedTarget } from '../stages/scoped-target.js';
import { TimedTarget } from '../stages/timed-target.js';
import type { Plan } from './plan.js';

/** Has the nodes of an execution measured and called in scopes, if somebody wants it; their code must be ready. */
export function watchNodes({ nodes }: Plan, execution: Execution): void {
  const { run, states, scopes, receiver } = execution;
  const readings = run.readings?.measures(execution) === true ? run.readings : undefined;
  if (readings === undefined && scopes === undefined) return;
  const isPerItem = receiver?.isPerItem === true;
  for (const stage of nodes) {
    const meter = readings?.meterOf(stage);
    if (!stage.isCalled) continue;
    // In a child per item nodes are called about once: children are sampled, and those between call their nodes as usual.
    const isMetered = meter !== undefined && (!isPerItem || meter.isDue());
    const scope = scopes?.ofNode(stage.site.path);
    const code = states[stage.slot + 1];
    // Undefined where the code could not be made.
    if ((!isMetered && scope === undefined) || typeof code !== 'object' || code === null) continue;
    // The stage calls the method that the code has.
    let target = code as CalledCode;
    if (scope !== undefined) target = new ScopedTarget(target, scope);
    if (isMetered) target = isPerItem ? new TimedTarget(target, meter) : new MeteredTarget(target, meter);
    states[stage.slot + 1] = target;
  }
}
