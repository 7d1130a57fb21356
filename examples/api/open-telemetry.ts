import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { PipelineRunner, type PipelineBuilder } from 'heirline';
import { openTelemetry } from 'heirline/otel';

// Once per process; a real one exports to a collector.
const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();

class Orders {
  define(builder: PipelineBuilder) {
    const send = (order: number) => {
      // A span of the code itself, as instrumentations make them: it lies below the node.
      trace.getTracer('shop').startSpan('send order').end();
      return order;
    };
    builder.addSink(send, { name: 'send', from: builder.addSource([1], 'orders') });
  }
}

const { traceId } = await new PipelineRunner({ executionObserver: openTelemetry() }).run(Orders);

const spans = exporter.getFinishedSpans();
const nameOf = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
for (const { name, parentSpanContext } of spans)
  console.log(`${nameOf.get(parentSpanContext?.spanId ?? '') ?? '-'} > ${name}`);
console.log(spans.every((span) => span.spanContext().traceId === traceId));

// prints
// node send > send order
// pipeline Orders > node orders
// pipeline Orders > node send
// - > pipeline Orders
// true
