import { context, metrics, trace, type Span } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
  type ReadableSpan,
  type Sampler,
} from '@opentelemetry/sdk-trace-node';

/** An SDK as a process registers it, whose spans stay in memory. */
export class Traced {
  readonly exporter = new InMemorySpanExporter();
  readonly #provider: NodeTracerProvider;

  constructor(sampler?: Sampler) {
    this.#provider = new NodeTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(this.exporter)],
      ...(sampler === undefined ? {} : { sampler }),
    });
    this.#provider.register({ contextManager: new AsyncLocalStorageContextManager().enable() });
  }

  /** Takes back what has been registered. */
  static unregister(): void {
    for (const api of [trace, context, metrics]) api.disable();
  }

  /** The spans that have ended. */
  get spans(): readonly ReadableSpan[] {
    return this.exporter.getFinishedSpans();
  }

  named(name: string): readonly ReadableSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  /** The one span with a name; a test fails where there is another number. */
  one(name: string): ReadableSpan {
    const [span, ...others] = this.named(name);
    if (span !== undefined && others.length === 0) return span;
    throw new TypeError(`${String(others.length + (span ? 1 : 0))} spans '${name}'`);
  }

  /** The spans of a trace as an indented tree, children by their start. */
  tree(traceId?: string): string[] {
    const spans = this.spans.filter(
      (span) => traceId === undefined || span.spanContext().traceId === traceId,
    );
    const known = new Set(spans.map((span) => span.spanContext().spanId));
    const below = (parent: string | undefined, depth: number): string[] =>
      spans
        .filter(({ parentSpanContext }) => {
          const above = parentSpanContext?.spanId;
          return parent === undefined ? above === undefined || !known.has(above) : above === parent;
        })
        .sort((one, other) => compare(one.startTime, other.startTime))
        .flatMap((span) => [
          `${'  '.repeat(depth)}${span.name}`,
          ...below(span.spanContext().spanId, depth + 1),
        ]);
    return below(undefined, 0);
  }

  /** Calls a function in a span, as instrumentations and users do. */
  static inSpan<T>(name: string, work: (span: Span) => T): T {
    return trace.getTracer('user').startActiveSpan(name, (span) => {
      try {
        return work(span);
      } finally {
        span.end();
      }
    });
  }
}

type Time = readonly [seconds: number, nanos: number];

function compare(one: Time, other: Time): number {
  return one[0] - other[0] || one[1] - other[1];
}
