import { loadPeers } from './harness/load-peers.js';
import { runBench } from './harness/run-bench.js';
import { concurrency } from './workloads/concurrency.js';

await runBench({
  name: 'concurrency',
  workloads: async (settings) =>
    concurrency(await loadPeers(settings, ['rxjs', 'effect', 'node-streams', 'async-generators'])),
});
