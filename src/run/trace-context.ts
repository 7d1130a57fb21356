/** A valid `traceparent`: version, trace id, parent id, flags, and fields that a later version may add. */
const traceparentForm =
  /^(?!ff|00[^]{54})[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-[\x20-\x7e]{0,456})?$/;

/** A member of a `tracestate`: a key of a system, perhaps of a tenant of it, and a value. */
const memberForm =
  /^[\t ]*(?:[a-z][\d_a-z\-*/]{0,255}|[\da-z][\d_a-z\-*/]{0,240}@[a-z][\d_a-z\-*/]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e][\t ]*$/;

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
  readonly traceState?: { serialize(): unknown } | undefined;
}

/** A trace, and the place in it, as the two headers of W3C Trace Context. */
export interface TraceContext {
  readonly traceparent: string;
  /** What tracing systems say of the trace; it goes nowhere without its `traceparent`. */
  readonly tracestate: string | undefined;
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
 * Returns a `tracestate` from outside unchanged; undefined if it is not valid.
 *
 * The rules are those of W3C Trace Context, section 3.3.1 "tracestate Header Field Values": up to 32 members of a key and a
 * value. As a limit of our own, the whole text has at most 512 characters, as the section asks to be passed on at least.
 */
function usableTracestate(given: unknown): string | undefined {
  if (typeof given !== 'string' || given.length > 512) return undefined;
  const members = given.split(',').filter((member) => member.trim() !== '');
  const isUsable =
    members.length > 0 && members.length <= 32 && members.every((each) => memberForm.test(each));
  return isUsable ? given : undefined;
}

/** Returns what is usable of a trace from outside; undefined if its `traceparent` is not valid. */
export function usableTrace(given: {
  readonly traceparent?: unknown;
  readonly tracestate?: unknown;
}): TraceContext | undefined {
  const traceparent = usableTraceparent(given.traceparent);
  return traceparent === undefined
    ? undefined
    : { traceparent, tracestate: usableTracestate(given.tracestate) };
}

/** The id of the trace in a valid `traceparent`. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}

/**
 * Returns the trace of the active OpenTelemetry span; undefined if there is none. Never throws.
 *
 * The API is found through its global registration, so that no package must be imported.
 */
export function activeTrace(): TraceContext | undefined {
  const api = Reflect.get(globalThis, apiSlot) as OpenTelemetryApi | undefined;
  if (api === undefined) return undefined;
  try {
    const { traceId, spanId, traceFlags, traceState } = api.context.active().getValue(spanKey).spanContext();
    if (typeof traceFlags !== 'number') return undefined;
    const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
    return usableTrace({ traceparent, tracestate: traceState?.serialize() });
  } catch {
    // No context manager, no active span, or an unexpected form of the API.
    return undefined;
  }
}
