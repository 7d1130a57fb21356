// Every public name, grouped by folder as in docs/architecture.md.

// errors
export type { CancelReason } from './errors/cancel-reason.js';
export type { PipelineErrorCode } from './errors/error-code.js';
export { BudgetExceededError } from './errors/budget-exceeded-error.js';
export type { BudgetKind, ExceededBudget } from './errors/budget-exceeded-error.js';
export { CircuitOpenError } from './errors/circuit-open-error.js';
export { NoContextError } from './errors/no-context-error.js';
export { PipelineError } from './errors/pipeline-error.js';
export type { PipelineErrorDetails } from './errors/pipeline-error.js';
export { PipelineValidationError } from './errors/pipeline-validation-error.js';
export type { ValidationProblem } from './errors/pipeline-validation-error.js';
export { RunCancelledError } from './errors/run-cancelled-error.js';
export { SecretNotFoundError } from './errors/secret-not-found-error.js';

// ports
export type { Clock } from './ports/clock.js';
export type {
  DeadLetterContext,
  DeadLetterDecorator,
  DeadLetterEnvelope,
  DeadLetterFields,
  DeadLetterFilter,
  DeadLetterMark,
  DeadLetterReplay,
  DeadLetterRetention,
  DeadLetterSink,
  ReplayableDeadLetterSink,
  StoredDeadLetterSink,
} from './ports/dead-letter-sink.js';
export type { ErrorRecord } from './ports/error-record.js';
export type {
  ActiveScope,
  CircuitChanged,
  CompositeCompleted,
  CompositeStarted,
  CostRecorded,
  ExecutionEvent,
  ExecutionEvents,
  ExecutionObserver,
  ExecutionReadings,
  ItemCancelled,
  ItemDeadLettered,
  ItemRecovered,
  ItemFailed,
  ItemRetried,
  ItemSkipped,
  NodeCompleted,
  NodeLatency,
  NodeMeasured,
  NodeStarted,
  Outcome,
  PipelineCompleted,
  PipelineFailed,
  PipelineStarted,
  Progress,
  ScopedStart,
} from './ports/execution-observer.js';
export type { LineageOptions, LineageRedactor } from './ports/lineage-options.js';
export type { LineageCounts } from './lineage/record-writer.js';
export type {
  LineageError,
  LineageHop,
  LineageOutcome,
  LineageRecord,
  LineageSink,
} from './ports/lineage-sink.js';
export type {
  LineageForgetOptions,
  LineagePruneOptions,
  QueryableLineageSink,
  StoredLineageSink,
} from './ports/queryable-lineage-sink.js';
export type { Logger, LogMethod } from './ports/logger.js';
export type { NodeContainer, NodeIdentifier } from './ports/node-container.js';

// run
export type { BudgetLimits } from './run/spending/budget-limits.js';
export { BudgetMeter } from './run/spending/budget-meter.js';
export { cooperate } from './run/ending/cooperate.js';
export type { CooperateOptions } from './run/ending/cooperate.js';
export type { CostCall, CostEntry, CostPrice } from './run/spending/cost-entry.js';
export { CostLedger } from './run/spending/cost-ledger.js';
export type { CostLedgerOptions, CostRun } from './run/spending/cost-ledger.js';
export type { CostSummary } from './run/spending/cost-summary.js';
export type { Money } from './run/spending/money.js';
export type { Reservation } from './run/spending/reservation.js';
export type { CarrierHost, RunCarrier } from './run/run-carrier.js';
export { RunContext } from './run/run-context.js';
export type { RunContextOptions } from './run/run-context-options.js';
export type { IdentityFields, RunContextFields } from './run/run-fields.js';
export type { SessionSharing } from './run/run-services.js';
export { environmentSecrets, mapSecrets } from './run/secrets/secret-provider.js';
export type { MapSecretsOptions, SecretProvider } from './run/secrets/secret-provider.js';
export { SecretScope } from './run/secrets/secret-scope.js';
export type { SecretGetOptions } from './run/secrets/secret-scope.js';
export type { SecretRead } from './run/secrets/secret-vault.js';
export { Secret } from './run/secrets/secret.js';
export type { BudgetSpent, Spending } from './run/spending/spending.js';
export { createSession, SessionState } from './run/session/session-state.js';
export { Session } from './run/session/session.js';

// context
export { currentContext, requireContext } from './context/ambient-context.js';
export type { ChildContextOptions, ChildValuesOf } from './context/child-context-options.js';
export type { ChildValues } from './context/child-inheritance.js';
export { CompositeContextConfiguration } from './context/composite-context-configuration.js';
export type {
  CompositeContextOptions,
  PartialContextOptions,
} from './context/composite-context-configuration.js';
export { ContextDictionary } from './context/context-dictionary.js';
export { contextKey } from './context/context-key.js';
export type { ContextKey, ContextKeyOptions, Key, SchemaInput, SchemaOutput } from './context/context-key.js';
export type { DictionaryKind } from './context/dictionary-kind.js';
export type { Disposer, OutcomeDisposer } from './context/disposers.js';
export type { EntriesSource } from './context/entries-source.js';
export type { ContextProvenance, ProvenanceHop } from './context/explain.js';
export type { InheritedKeys, KeySelection } from './context/key-selection.js';
export { ParentNodeId, ParentPipelineId, ParentPipelineName } from './context/parent-linkage.js';
export type { ParentLinkage } from './context/parent-linkage.js';
export { PipelineContext } from './context/pipeline-context.js';
export type { PipelineContextOptions } from './context/pipeline-context-options.js';
export type { JsonObject, JsonValue } from './data/json-value.js';
export type { Recipe } from './data/recipe.js';
export type { SchemaResult, StandardSchema } from './data/standard-schema.js';
export { withContext } from './context/with-context.js';

// observability
export { observers } from './observability/observers.js';
export { MetricsObserver } from './observability/metrics-observer.js';
export type { MetricsSnapshot, NodeMetrics } from './observability/metrics-observer.js';
export { progressBar } from './observability/progress-bar.js';
export type { ProgressBarOptions, ProgressStream } from './observability/progress-bar.js';
export { formatMetrics } from './observability/format-metrics.js';
export { formatPrometheus, prometheusContentType } from './observability/format-prometheus.js';

// storage
export type { FileSinkOptions } from './storage/line-files.js';

// lineage
export { OpenLineageSink } from './lineage/open-lineage-sink.js';
export type {
  OpenLineageAnswer,
  OpenLineageFetch,
  OpenLineageOptions,
  OpenLineageTarget,
} from './lineage/open-lineage-sink.js';
export type {
  OpenLineageDataset,
  OpenLineageEvent,
  OpenLineageFacet,
  OpenLineageJob,
  OpenLineageRun,
} from './lineage/open-lineage-event.js';
export { explainItem } from './lineage/explain-item.js';
export type { ExplainItemOptions } from './lineage/explain-item.js';
export { FileLineageSink } from './lineage/file-lineage-sink.js';
export { redactKeys } from './lineage/redact-keys.js';
export { MemoryLineageSink } from './lineage/memory-lineage-sink.js';
export type { MemoryLineageSinkOptions } from './lineage/memory-lineage-sink.js';

// resilience
export type { BuilderTypes } from './resilience/builder-types.js';
export type { BulkheadOptions } from './resilience/bulkhead.js';
export type { CircuitState } from './resilience/circuit.js';
export { circuitBreaker } from './resilience/circuit-breaker.js';
export type {
  CircuitBreaker,
  CircuitBreakerBasics,
  CircuitBreakerOptions,
  CircuitNumbers,
  FailureRatioLimit,
  FailureThreshold,
} from './resilience/circuit-breaker.js';
export type { CircuitStatus } from './resilience/runner-circuits.js';
export { exponential, fixed, linear } from './resilience/delay.js';
export type {
  Delay,
  DelayOf,
  ExponentialDelayOptions,
  GrowingDelayOptions,
  Jitter,
} from './resilience/delay.js';
export type { ErrorMatcher } from './resilience/error-matcher.js';
export { errorPolicy } from './resilience/error-policy.js';
export type { ErrorPolicy } from './resilience/error-policy.js';
export type {
  ErrorRule,
  FallbackOf,
  FallbackRule,
  FallbackValue,
  FinalDecision,
  RetryOptions,
} from './resilience/error-rule.js';
export type { FallbackDefinition, FallbackPipeline } from './resilience/fallback.js';
export { FileDeadLetterSink } from './resilience/file-dead-letter-sink.js';
export { MemoryDeadLetterSink } from './resilience/memory-dead-letter-sink.js';
export type { LossKind, ToleranceOptions } from './resilience/tolerance.js';

// nodes
export type {
  ChildInputOf,
  CombinedOutputOf,
  ItemCompositeOptions,
  OutputCardinality,
  StreamCompositeOptions,
} from './nodes/composite-options.js';
export type { NodeKind } from './nodes/node-kind.js';
export type { NodeLifecycle } from './nodes/node-lifecycle.js';
export type {
  BasicNodeOptions,
  ItemOptions,
  NodeLifetime,
  NodeOptions,
  SourceOptions,
} from './nodes/node-options.js';
export { PipelineInputSource } from './nodes/pipeline-input-source.js';
export { PipelineOutputSink } from './nodes/pipeline-output-sink.js';
export { SinkNode } from './nodes/sink-node.js';
export { SKIP } from './nodes/skip.js';
export type { Skip } from './nodes/skip.js';
export { SourceNode } from './nodes/source-node.js';
export type { Items } from './nodes/source-node.js';
export { StreamSinkNode } from './nodes/stream-sink-node.js';
export type {
  ElementOf,
  OpenOperator,
  OperatorOutput,
  Shaped,
  ShapedOperator,
  StreamOperator,
} from './nodes/stream-operator.js';
export { StreamTransformNode } from './nodes/stream-transform-node.js';
export { TransformNode } from './nodes/transform-node.js';
export type { NodeWritable, WebWritable, WritableSink } from './nodes/writable-sink.js';

// graph
export type { ContextMap, ContextMapRow, KeptBack } from './graph/context-map.js';
export type {
  CountsByPath,
  CountsOfRun,
  DrawingDirection,
  DrawingOptions,
  DrawnCounts,
  MeasuredCounts,
} from './graph/drawing-options.js';
export type { GraphEdge, GraphNode, PipelineGraph } from './graph/graph-shape.js';
export type {
  InputHandle,
  NodeHandle,
  ItemOf,
  OutputHandle,
  RouteHandle,
  SinkHandle,
  SourceHandle,
  TransformHandle,
} from './graph/handles.js';
export { toSvg } from './graph/svg.js';

// junctions
export type { FlowKey } from './nodes/flow-key.js';
export type { JoinKind, JoinOptions, JoinWindow, LeftOf, RightOf } from './junctions/join-options.js';
export type { MergeOptions } from './junctions/merge-options.js';
export type { Narrowed, RouteConditions, RouteOptions, RouteOtherwise } from './junctions/route.js';
export type { TapFunction, TapOptions } from './junctions/tap.js';

// builder
export { CompositeNaming } from './builder/composite-naming.js';
export type { DefinitionContext, DefinitionParameters } from './builder/definition-context.js';
export type { DefaultPolicyOptions } from './builder/drafted-settings.js';
export type { Constructor } from './nodes/constructor.js';
export { PipelineBuilder } from './builder/pipeline-builder.js';
export type { PipelineDefinition } from './builder/pipeline-builder.js';
export type { CompositeOptions, FromOption, NoItem, ValidationResult } from './builder/builder-options.js';
export { pipeline } from './builder/pipeline-metadata.js';
export type { PipelineMetadata, Requirements } from './builder/pipeline-metadata.js';

// composition
export { buildPipeline } from './composition/build-pipeline.js';
export type { BuildOptions } from './composition/build-pipeline.js';

// engine
export { deadLetterTest } from './engine/dead-letter-test.js';
export type { DeadLetterTestOptions } from './engine/dead-letter-test.js';
export { explainRun } from './engine/explain-run.js';
export type { ExplainRunOptions, NodeTimes } from './engine/explain-run.js';
export { formatError } from './engine/format-error.js';
export type { FormatErrorOptions } from './engine/format-error.js';
export type { NodeCounts } from './ports/node-counts.js';
export { PipelineRunner, runPipeline } from './engine/pipeline-runner.js';
export type { PipelineRunnerOptions, RunContextSource } from './engine/pipeline-runner.js';
export { replayDeadLetters } from './engine/replay-dead-letters.js';
export type { ReplayTally } from './engine/replay.js';
export type { ReplayContext, ReplayOptions } from './engine/replay-options.js';
export type { Definition, RootDefinition, TakenBy } from './engine/run-arguments.js';
export type { RunFailures } from './engine/execution/failures.js';
export type { RunResult } from './engine/execution/run-result.js';

// background
export { BackgroundQueue } from './background/background-queue.js';
export type { BackgroundQueueOptions } from './background/background-queue-options.js';
export { captureContext } from './background/captured-context.js';
export type { CapturedContext } from './background/captured-context.js';
export { runDetached } from './background/run-detached.js';

// runs
export type { CancelOptions } from './runs/cancel-options.js';
export type { CancelOutcome } from './runs/cancel-outcome.js';
export { changedRecord } from './runs/changed-record.js';
export type { OwnedRecord } from './runs/changed-record.js';
export type { CloseReport } from './runs/close-manager.js';
export { closeOnSignals } from './runs/close-on-signals.js';
export type { CloseOnSignalsOptions } from './runs/close-on-signals.js';
export type { EventReaderOptions } from './runs/event-reader.js';
export type { ManagedRunResult } from './runs/managed-result.js';
export { MemoryRunStore } from './runs/memory-run-store.js';
export type { MemoryRunStoreOptions } from './runs/memory-run-store.js';
export type {
  LoggedEvent,
  LoggedEventType,
  LoggedExecutionEvent,
  NumberedEvent,
  RunEnded,
  RunEvent,
  RunEventGap,
  RunStarted,
  StoredRunEvent,
} from './runs/run-event.js';
export type { RunHandle, SubscribeOptions, Subscription } from './runs/run-handle.js';
export type { RunManagerOptions } from './runs/run-manager-options.js';
export { RunManager } from './runs/run-manager.js';
export type { CloseOptions } from './runs/run-manager.js';
export type { ListOptions, PruneOptions } from './runs/run-queries.js';
export type {
  CancelAction,
  CancelRequest,
  DisconnectMode,
  RequestedCancel,
  RunRecord,
  RunStopReason,
  RunStrategy,
} from './runs/run-record.js';
export { canBecome } from './runs/run-status.js';
export type { RunStatus } from './runs/run-status.js';
export type {
  ClaimOptions,
  InsertOptions,
  Lease,
  RunChanges,
  RunExpectation,
  RunFilter,
  RunStore,
  RunThread,
  StoredSession,
  StorePruneOptions,
} from './runs/run-store.js';
export type { StartOptions } from './runs/start-options.js';
export { TenantRuns } from './runs/tenant-runs.js';
export type { WaitOptions } from './runs/wait-for-run.js';
