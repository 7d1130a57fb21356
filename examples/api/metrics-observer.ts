import { formatMetrics, formatPrometheus, MetricsObserver, PipelineRunner } from 'heirline';
import type { PipelineBuilder } from 'heirline';

class Numbers {
  define(builder: PipelineBuilder) {
    const odd = builder.addTransform((item: number) => item * 2 + 1, {
      name: 'odd',
      from: builder.addSource([1, 2, 3], 'numbers'),
    });
    builder.addSink(() => undefined, { name: 'save', from: odd });
  }
}

const metrics = new MetricsObserver();
await new PipelineRunner({ executionObserver: metrics }).run(Numbers);

const snapshot = metrics.snapshot();
console.log(snapshot['Numbers/odd']?.counts.out, snapshot['Numbers/odd']?.latency?.sampled);
console.log(formatMetrics(snapshot).split('\n').length, 'lines');
const lines = formatPrometheus(snapshot).split('\n');
console.log(lines.find((line) => line.includes('outcome="out",path="Numbers/odd"')));

// prints
// 3 3
// 4 lines
// heirline_items_total{outcome="out",path="Numbers/odd"} 3
