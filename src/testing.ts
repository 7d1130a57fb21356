export { expectIsolation } from './testing/expect-isolation.js';
export type { IsolationOptions, IsolationReport } from './testing/expect-isolation.js';
export { IsolationError } from './testing/isolation-error.js';
export type { IsolationCrossing } from './testing/isolation-error.js';
export { ManualClock } from './testing/manual-clock.js';
export { MemorySink } from './testing/memory-sink.js';
export { MemorySource } from './testing/memory-source.js';
export type { ConformanceCase } from './testing/conformance-case.js';
export { deadLetterSinkConformance } from './testing/letter-sink-conformance.js';
export type { ConformanceSinks } from './testing/letter-sink-conformance.js';
export { runStoreConformance } from './testing/run-store-conformance.js';
export { RecordingObserver } from './testing/recording-observer.js';
export type { AnyExecutionEvent } from './testing/recording-observer.js';
export type {
  SinkStub,
  SinkTarget,
  SourceStub,
  StreamSinkStub,
  StreamTransformStub,
  StubFor,
  TransformStub,
  TypedTarget,
} from './testing/node-stub.js';
export { PipelineTest, testPipeline } from './testing/test-pipeline.js';
export type { TestResult } from './testing/test-result.js';
export type { ChildStub, RecordedChild } from './testing/tested-child.js';
