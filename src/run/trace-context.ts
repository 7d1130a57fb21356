/** Version, trace id, parent id and flags, and what a later version may add. */
const traceparentForm =
  /^(?!ff|00[^]{54})[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-[\x20-\x7e]{0,456})?$/;

/** Where the API of OpenTelemetry, version 1, registers itself in a process, whichever package has loaded it. */
const apiSlot = Symbol.for('opentelemetry.js.api.1');
const spanKey = Symbol.for('OpenTelemetry Context Key SPAN');

/** What is read of that API; a part that is not as it should be counts as no active span. */
interface OpenTelemetryApi {
  readonly context: {
    active(): { getValue(key: symbol): { spanContext(): SpanIds } };
  };
}

interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: unknown;
}

/**
 * A traceparent from outside as it is, or undefined when it is not valid.
 *
 * Valid is what W3C Trace Context says in sections 3.2.2 "traceparent Header Field Values" and 3.2.4 "Versioning
 * of traceparent" (https://www.w3.org/TR/trace-context/#traceparent-header): lower case only, no id of zeros
 * only, version `00` with exactly four fields, not version `ff`, a later version with fields of its own behind
 * these four. Those must be printable ASCII, 512 characters with the rest.
 */
export function usableTraceparent(given: unknown): string | undefined {
  return typeof given === 'string' && traceparentForm.test(given) ? given : undefined;
}

/**
 * The active OpenTelemetry span as a traceparent; undefined where there is none. Never throws.
 *
 * It is found through the global that the API registers, so that nothing is imported.
 */
export function activeTraceparent(): string | undefined {
  const api = Reflect.get(globalThis, apiSlot) as OpenTelemetryApi | undefined;
  if (api === undefined) return undefined;
  try {
    const { traceId, spanId, traceFlags } = api.context.active().getValue(spanKey).spanContext();
    if (typeof traceFlags !== 'number') return undefined;
    return usableTraceparent(`00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`);
  } catch {
    // No context manager, no span, or an API that is unlike the known one.
    return undefined;
  }
}
