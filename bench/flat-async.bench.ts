import { loadPeers } from './harness/load-peers.js';
import { runBench } from './harness/run-bench.js';
import { flatAsync } from './workloads/flat-async.js';

await runBench({
  name: 'flat-async',
  workloads: async (settings) =>
    flatAsync(await loadPeers(settings, ['rxjs', 'effect', 'ix', 'node-streams', 'async-generators'])),
});
