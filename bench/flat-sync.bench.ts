import { loadPeers } from './harness/load-peers.js';
import { runBench } from './harness/run-bench.js';
import { flatSync } from './workloads/flat-sync.js';

await runBench({
  name: 'flat-sync',
  workloads: async (settings) => [
    flatSync(await loadPeers(settings, ['most', 'rxjs', 'effect', 'ix', 'node-streams', 'async-generators'])),
  ],
});
