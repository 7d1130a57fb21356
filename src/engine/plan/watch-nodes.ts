import type { Execution } from '../execution/execution.js';
import { MeteredTarget } from '../stages/metered-target.js';
import type { Plan } from './plan.js';

/** Has the nodes of an execution measured, if somebody hears it; their code must be ready. */
export function watchNodes({ nodes }: Plan, execution: Execution): void {
  const { readings } = execution.run;
  if (readings?.measures(execution) !== true) return;
  const { states } = execution;
  for (const stage of nodes) {
    const meter = readings.meterOf(stage.site);
    if (!stage.isCalled) continue;
    const code = states[stage.slot + 1];
    // Undefined where the code could not be made.
    if (typeof code === 'object' && code !== null) states[stage.slot + 1] = new MeteredTarget(code, meter);
  }
}
