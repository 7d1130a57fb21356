import { createNoopMeter, metrics, trace } from '@opentelemetry/api';
import type { Attributes, Meter, Tracer, TracerProvider } from '@opentelemetry/api';
import { checkOptions, rule } from '../errors/option-rules.js';
import { MetricsObserver } from '../observability/metrics-observer.js';
import type { ExecutionObserver, ScopedStart } from '../ports/execution-observer.js';
import { libraryVersion } from './library-version.js';
import { observeNodes } from './node-instruments.js';
import { RunSpans } from './run-spans.js';

/** Options of {@link openTelemetry}. */
export interface OpenTelemetryOptions {
  /** Makes the spans. Default: the tracer `heirline` of the provider that is registered when a run begins. */
  readonly tracer?: Tracer | undefined;
  /** Makes the instruments. Default: the meter `heirline` of the provider that is registered when a run begins. */
  readonly meter?: Meter | undefined;
  /**
   * How the children that composites start belong to their node: `nest` puts their spans below it; `link` begins a trace
   * per child, linked with the span of the node, so that a run of many items is no trace of a million spans. Default:
   * `nest`.
   */
  readonly fanOut?: 'nest' | 'link' | undefined;
  /** Gives more attributes of a span, at its start. One that throws gives none, which `diag` tells. */
  readonly attributes?: ((started: ScopedStart) => Attributes | undefined) | undefined;
}

const optionRules = {
  tracer: rule.having('startSpan'),
  meter: rule.having('createObservableCounter', 'createObservableGauge', 'addBatchObservableCallback'),
  fanOut: rule.oneOf('nest', 'link'),
  attributes: rule.callable,
};

/** The methods of {@link RunSpans} that a run calls. */
const spanMethods = [
  ...(['scope', 'pipelineCompleted', 'pipelineFailed', 'nodeCompleted', 'compositeCompleted'] as const),
  ...(['itemFailed', 'costRecorded'] as const),
];

/**
 * An observer that makes OpenTelemetry spans of runs, and instruments of what their nodes do.
 *
 * A run is a span in the trace of its caller, or of its `traceparent`; below it are spans of nodes, of the children of
 * composites, and of their executions. The span of a node is active while code of the node runs, so that spans of your own
 * and of instrumentations lie below it.
 *
 * Make one and give it to all runners. Where neither a tracer nor a meter is given or registered when a run begins, the run
 * costs what it costs without the observer.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, when an option is wrong.
 *
 * @example
 * {@includeCode ../../examples/api/open-telemetry.ts}
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): ExecutionObserver {
  checkOptions('openTelemetry', options, optionRules);
  const { fanOut = 'nest', attributes } = options;
  const tracer = (): Tracer => options.tracer ?? trace.getTracer('heirline', libraryVersion);
  const spans = new RunSpans({ tracer, fanOut, attributes });
  const measures = new Measures(() => options.meter ?? metrics.getMeter('heirline', libraryVersion));
  const observer = {};
  // A run looks for the methods when it begins: those of a part that nobody uses are not there.
  for (const name of spanMethods) {
    const method = spans[name].bind(spans);
    const get = () => (options.tracer !== undefined || hasTracerProvider() ? method : undefined);
    Object.defineProperty(observer, name, { get, enumerable: true });
  }
  Object.defineProperty(observer, 'nodeMeasured', { get: () => measures.method, enumerable: true });
  return observer;
}

/** The provider of the API, which asks that of an SDK once one is registered; other providers lack the method. */
type LateProvider = TracerProvider & { readonly getDelegateTracer?: (name: string) => unknown };

/** Whether an SDK is registered. */
function hasTracerProvider(): boolean {
  const provider = trace.getTracerProvider() as LateProvider;
  return provider.getDelegateTracer === undefined || provider.getDelegateTracer('heirline') !== undefined;
}

/** Measures nodes for the instruments of a meter, once there is one. */
class Measures {
  readonly #observer = new MetricsObserver();
  #method: ExecutionObserver['nodeMeasured'];

  constructor(private readonly meter: () => Meter) {}

  get method(): ExecutionObserver['nodeMeasured'] {
    return (this.#method ??= this.#begin());
  }

  #begin(): ExecutionObserver['nodeMeasured'] {
    const meter = this.meter();
    if (meter === createNoopMeter()) return undefined;
    observeNodes(meter, this.#observer);
    return (event) => {
      this.#observer.nodeMeasured(event);
    };
  }
}
