import type { CalledCode } from '../stages/called-code.js';
import type { Execution } from '../execution/execution.js';
import { MeteredTarget } from '../stages/metered-target.js';
import { ScopedTarget } from '../stages/scoped-target.js';
import type { Plan } from './plan.js';

/** Has the nodes of an execution measured and called in scopes, if somebody wants it; their code must be ready. */
export function watchNodes({ nodes }: Plan, execution: Execution): void {
  const { run, states, scopes } = execution;
  const readings = run.readings?.measures(execution) === true ? run.readings : undefined;
  if (readings === undefined && scopes === undefined) return;
  for (const { site, slot, isCalled } of nodes) {
    const meter = readings?.meterOf(site);
    if (!isCalled) continue;
    const code = states[slot + 1];
    // Undefined where the code could not be made.
    if (typeof code !== 'object' || code === null) continue;
    const scope = scopes?.ofNode(site.path);
    // The stage calls the method that the code has.
    let target = code as CalledCode;
    if (scope !== undefined) target = new ScopedTarget(target, scope);
    if (meter !== undefined) target = new MeteredTarget(target, meter);
    states[slot + 1] = target;
  }
}
