import { comparedAlone } from './harness/contender.js';
import type { Workload } from './harness/contender.js';
import { goalOnThisNode } from './harness/goals.js';
import type { Goals } from './harness/goals.js';
import { loadPeers } from './harness/load-peers.js';
import { runBench } from './harness/run-bench.js';
import { emptyComposite } from './workloads/composite.js';
import { flatSyncOnce } from './workloads/flat-sync.js';

const counts = [1_000, 10_000, 100_000];
/** The goals are about the largest count. */
const LARGEST = 100_000;

await runBench({
  name: 'first-run',
  async workloads(settings) {
    // Each is a process per count and round: those that are never fast are left out.
    const flat = flatSyncOnce(await loadPeers(settings, ['most', 'rxjs', 'effect', 'ix']));
    const composite = emptyComposite(await loadPeers(settings, ['rxjs', 'effect', 'ix']));
    return [
      ...firstItems(flat, { toFloor: goalOnThisNode(2.5), toBestPeer: goalOnThisNode(1) }),
      ...firstItems(composite, { toFloor: goalOnThisNode(1) }),
    ];
  },
});

/** The first items of a fresh process, so many at a time: a shorter run is no part of a longer one. */
function firstItems(workload: Workload, goals: Goals): Workload[] {
  return counts.map((items) => ({
    ...comparedAlone(workload),
    name: `${workload.name}, the first ${items.toLocaleString('en')} items`,
    items,
    state: 'first run',
    goals: items === LARGEST ? goals : undefined,
  }));
}
