import { afterCollection } from './harness/after-collection.js';
import { comparedAlone } from './harness/contender.js';
import { loadPeers } from './harness/load-peers.js';
import { runBench } from './harness/run-bench.js';
import { emptyComposite } from './workloads/composite.js';
import { concurrency } from './workloads/concurrency.js';
import { fanOut } from './workloads/fan-out.js';
import { flatAsync } from './workloads/flat-async.js';
import { flatSync, flatSyncGoals } from './workloads/flat-sync.js';
import { runOthers } from './workloads/others.js';
import { childThatSetsItem } from './workloads/writing-child.js';

await runBench({
  name: 'among-others',
  async workloads(settings) {
    const peers = await loadPeers(settings, [
      'most',
      'rxjs',
      'effect',
      'ix',
      'node-streams',
      'async-generators',
    ]);
    await runOthers(peers);
    const flat = { ...flatSync(peers), goals: flatSyncGoals() };
    return [
      flat,
      afterCollection(flat),
      ...flatAsync(peers),
      ...concurrency(peers),
      ...fanOut(peers),
      emptyComposite(peers),
      childThatSetsItem(peers),
    ].map((workload) => ({ ...comparedAlone(workload), allocation: false }));
  },
});
