import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-node';
import { NdjsonFile } from '../flights/ndjson-file.js';

type Time = readonly [seconds: number, nanoseconds: number];

const nanoseconds = ([seconds, nanos]: Time): string =>
  String(BigInt(seconds) * 1_000_000_000n + BigInt(nanos));

/** Writes each span that has ended as a line of JSON, under the names of the OpenTelemetry protocol. */
export class SpanFile implements SpanProcessor {
  readonly #file: NdjsonFile;
  #written: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#file = new NdjsonFile(path);
  }

  onStart(): void {
    // Nothing is written before the end.
  }

  onEnd(span: ReadableSpan): void {
    const { traceId, spanId } = span.spanContext();
    const written = this.#file.write({
      traceId,
      spanId,
      parentSpanId: span.parentSpanContext?.spanId,
      name: span.name,
      startTimeUnixNano: nanoseconds(span.startTime),
      endTimeUnixNano: nanoseconds(span.endTime),
      attributes: span.attributes,
      events: span.events.map(({ name, attributes }) => ({ name, attributes })),
      status: span.status,
    });
    if (written !== undefined) this.#written = this.#written.then(() => written);
  }

  async forceFlush(): Promise<void> {
    await this.#written;
    await this.#file.flush();
  }

  shutdown(): Promise<void> {
    return this.forceFlush();
  }
}
