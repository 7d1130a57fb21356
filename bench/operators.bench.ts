import { loadPeers } from './harness/load-peers.js';
import { runBench } from './harness/run-bench.js';
import { operators } from './workloads/operators.js';

await runBench({
  name: 'operators',
  workloads: async (settings) => operators(await loadPeers(settings, ['most', 'rxjs', 'effect', 'ix'])),
});
