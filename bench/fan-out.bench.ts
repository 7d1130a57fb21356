import { loadPeers } from './harness/load-peers.js';
import { runBench } from './harness/run-bench.js';
import { fanOut } from './workloads/fan-out.js';

await runBench({
  name: 'fan-out',
  workloads: async (settings) =>
    fanOut(await loadPeers(settings, ['most', 'rxjs', 'effect', 'node-streams'])),
});
