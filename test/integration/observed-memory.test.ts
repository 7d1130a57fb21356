import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { expect, test } from 'vitest';
import { MetricsObserver, observers, runPipeline, type ExecutionObserver } from 'heirline';
import { RunEvents } from 'heirline/events';
import { openTelemetry } from 'heirline/otel';
import { definePipeline } from './support/harness.js';
import { heapInUse } from './support/garbage.js';

/** Megabytes that the heap may grow by: what is compiled, and what the tests before have left behind. */
const MOST_GROWTH_MB = 3;

/** How much the heap grows from a tenth of the items to the last, each of which has a child of two nodes. */
async function growthOver(items: number, executionObserver: ExecutionObserver): Promise<number> {
  const heaps: number[] = [];
  const Child = definePipeline<number, number>('child', (builder) => {
    const one = builder.addTransform((item: number) => item + 1, {
      name: 'one',
      from: builder.addCompositeInput(),
    });
    const two = builder.addTransform((item: number) => item * 2, { name: 'two', from: one });
    builder.connect(two, builder.addCompositeOutput());
  });
  const Parent = definePipeline('parent', (builder) => {
    const source = builder.addSource(function* () {
      for (let item = 1; item <= items; item += 1) {
        if (item === items / 10 || item === items) heaps.push(heapInUse());
        yield item;
      }
    }, 'source');
    builder.addSink(() => undefined, {
      name: 'sink',
      from: builder.addComposite(Child, { name: 'child', from: source }),
    });
  });

  await runPipeline(Parent, { executionObserver });
  const [first = 0, last = Infinity] = heaps;
  return last - first;
}

test('memory does not grow over 1,000,000 children with metrics and an observer of every event', async () => {
  let ended = 0;
  const events = new RunEvents();
  events.on('nodeCompleted', () => (ended += 1));
  const metrics = new MetricsObserver();

  expect(await growthOver(1_000_000, observers(events, metrics))).toBeLessThan(MOST_GROWTH_MB);
  expect(ended).toBeGreaterThan(4_000_000);
  expect(metrics.snapshot()['parent/child/two']?.counts.out).toBe(1_000_000);
}, 120_000);

test('memory does not grow with spans that are not sampled or kept', async () => {
  const tracer = new NodeTracerProvider().getTracer('heirline');

  expect(await growthOver(50_000, openTelemetry({ tracer }))).toBeLessThan(MOST_GROWTH_MB);
}, 120_000);
