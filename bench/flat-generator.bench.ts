import { runBench } from './harness/run-bench.js';
import { flatFromGenerator } from './workloads/flat-sync.js';

await runBench({ name: 'flat-generator', workloads: flatFromGenerator });
