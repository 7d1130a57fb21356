import { runBench } from './harness/run-bench.js';
import { features } from './workloads/features.js';

await runBench({ name: 'features', workloads: features });
