export { MemorySink } from './testing/memory-sink.js';
export { MemorySource } from './testing/memory-source.js';
export { RecordingObserver } from './testing/recording-observer.js';
export type { AnyExecutionEvent } from './testing/recording-observer.js';
export { PipelineTest, testPipeline } from './testing/test-pipeline.js';
export type { TestResult } from './testing/test-pipeline.js';
export type { ChildStub, RecordedChild } from './testing/tested-child.js';
