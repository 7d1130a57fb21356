import { runBench } from './harness/run-bench.js';
import { runStores } from './workloads/run-stores.js';

await runBench({ name: 'run-stores', workloads: runStores });
// The pools of connections would keep the process.
process.exit();
