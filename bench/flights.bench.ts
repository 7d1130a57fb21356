import { runBench } from './harness/run-bench.js';
import { flights } from './workloads/flights.js';

const { workloads, remove } = await flights();
try {
  await runBench({ name: 'flights', workloads: () => workloads });
} finally {
  await remove();
}
