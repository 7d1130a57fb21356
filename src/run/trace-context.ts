/** A valid `traceparent`: version, trace id, parent id, flags, and fields that a later version may add. */
const traceparentForm =
  /^(?!ff|00[^]{54})[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-[\x20-\x7e]{0,456})?$/;

/** Key of `globalThis` under which the OpenTelemetry API, version 1, registers itself. */
const apiSlot = Symbol.for('opentelemetry.js.api.1');
const spanKey = Symbol.for('OpenTelemetry Context Key SPAN');

/** The part of the OpenTelemetry API that is read here. */
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
 * Returns a `traceparent` from outside unchanged; undefined if it is not valid.
 *
 * The rules are those of W3C Trace Context, sections 3.2.2 "traceparent Header Field Values" and 3.2.4 "Versioning of
 * traceparent" (https://www.w3.org/TR/trace-context/#traceparent-header): lower case, no id that is all zeros, version
 * `00` with exactly four fields, not version `ff`. A later version may add fields behind these four. As limits of our
 * own, added fields must be printable ASCII, and the whole text at most 512 characters.
 */
export function usableTraceparent(given: unknown): string | undefined {
  return typeof given === 'string' && traceparentForm.test(given) ? given : undefined;
}

/**
 * Returns the active OpenTelemetry span as a `traceparent`; undefined if there is none. Never throws.
 *
 * The API is found through its global registration, so that no package must be imported.
 */
export function activeTraceparent(): string | undefined {
  const api = Reflect.get(globalThis, apiSlot) as OpenTelemetryApi | undefined;
  if (api === undefined) return undefined;
  try {
    const { traceId, spanId, traceFlags } = api.context.active().getValue(spanKey).spanContext();
    if (typeof traceFlags !== 'number') return undefined;
    return usableTraceparent(`00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`);
  } catch {
    // No context manager, no active span, or an unexpected form of the API.
    return undefined;
  }
}
