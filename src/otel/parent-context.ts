import { context, createTraceState, trace } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import type { PipelineStarted } from '../ports/execution-observer.js';

/**
 * The context that a run is to be traced in: that of its caller, with the span that the run's `traceparent` names.
 *
 * Without a `traceparent` the run begins a trace, whichever span is active here: what is active when a run begins may be
 * the matter of somebody else.
 */
export function parentContext({ traceparent, tracestate }: PipelineStarted): Context {
  const active = context.active();
  if (traceparent === undefined) return trace.deleteSpan(active);
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  const current = trace.getSpanContext(active);
  if (current?.traceId === traceId && current.spanId === spanId) return active;
  return trace.setSpanContext(active, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }),
  });
}
