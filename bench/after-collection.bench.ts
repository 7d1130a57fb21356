import { afterCollection, collectedName } from './harness/after-collection.js';
import { comparedAlone } from './harness/contender.js';
import type { Workload } from './harness/contender.js';
import { goalOnThisNode } from './harness/goals.js';
import type { Goals } from './harness/goals.js';
import { loadPeers } from './harness/load-peers.js';
import { measurementOf } from './harness/report.js';
import type { Figure, WorkloadReport } from './harness/report.js';
import { runBench } from './harness/run-bench.js';
import { median } from './harness/statistics.js';
import { compositeWithFields, emptyComposite } from './workloads/composite.js';
import { fanOut } from './workloads/fan-out.js';
import { flatAsync } from './workloads/flat-async.js';
import { flatSync, flatSyncGoals } from './workloads/flat-sync.js';
import { childThatSetsItem } from './workloads/writing-child.js';

/** Of a run of composites: about a tenth of a second where nothing has to be compiled again. */
const COMPOSITE_ITEMS = 200_000;

await runBench({
  name: 'after-collection',
  async workloads(settings) {
    const peers = await loadPeers(settings, ['most', 'rxjs', 'effect', 'ix']);
    return [
      ...inBothStates(flatSync(peers), flatSyncGoals()),
      ...flatAsync(peers).flatMap((workload) => inBothStates(workload)),
      ...fanOut(peers).flatMap((workload) => inBothStates(workload)),
      ...[emptyComposite(peers), childThatSetsItem(peers), compositeWithFields()].flatMap((workload) =>
        inBothStates({ ...workload, items: COMPOSITE_ITEMS }),
      ),
    ];
  },
  figures: (workloads) =>
    workloads.filter(({ state }) => state === 'warm').map(({ workload }) => coldness(workloads, workload)),
});

/** The same work warm, and after full collections; the goals are about the latter. */
function inBothStates(workload: Workload, goals?: Goals): Workload[] {
  const compared: Workload = { ...comparedAlone(workload), goals: undefined, allocation: false };
  // Only for what a collection adds to heirline's own time: warm peers are timed elsewhere.
  const warm = compared.contenders.filter(({ role }) => role !== 'peer');
  return [
    { ...compared, contenders: warm },
    { ...afterCollection(compared), goals },
  ];
}

/** How much longer an item takes heirline after collections than it takes when warm. */
function coldness(workloads: readonly WorkloadReport[], workload: string): Figure {
  const warm = measurementOf(workloads, workload, 'heirline');
  const collected = measurementOf(workloads, collectedName(workload), 'heirline');
  return {
    name: `${workload}: after a collection, to warm`,
    value: median(collected.samples) / median(warm.samples),
    unit: '×',
    goal: goalToWarm(workload),
  };
}

/** Known for composites alone: that of flat work is a ratio to others. */
function goalToWarm(workload: string): number | undefined {
  if (!workload.startsWith('composite')) return undefined;
  return goalOnThisNode(workload.includes('fields') ? 2.5 : 1.25);
}
