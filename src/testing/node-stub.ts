import type { Constructor } from '../nodes/constructor.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import type { InputHandle, NodeHandle, OutputHandle, SinkHandle, TransformHandle } from '../graph/handles.js';
import type { SinkNode } from '../nodes/sink-node.js';
import type { Skip } from '../nodes/skip.js';
import type { Items, SourceNode } from '../nodes/source-node.js';
import type { StreamSinkNode } from '../nodes/stream-sink-node.js';
import type { StreamTransformNode } from '../nodes/stream-transform-node.js';
import type { TransformNode } from '../nodes/transform-node.js';

/** What may stand in for a source. */
export type SourceStub<T> =
  | ((context: PipelineContext) => Items<T> | Promise<Items<T>>)
  | Constructor<SourceNode<T>>
  | SourceNode<T>
  | Items<T>;

/** What may stand in for a transform. */
export type TransformStub<A, B> =
  | ((item: A, context: PipelineContext) => B | Skip | Promise<B | Skip>)
  | Constructor<TransformNode<A, B>>
  | TransformNode<A, B>;

/** What may stand in for a stream transform. */
export type StreamTransformStub<A, B> =
  | ((items: AsyncIterable<A>, context: PipelineContext) => AsyncIterable<B>)
  | Constructor<StreamTransformNode<A, B>>
  | StreamTransformNode<A, B>;

/** What may stand in for a sink of single items. */
export type SinkStub<T> =
  ((item: T, context: PipelineContext) => unknown) | Constructor<SinkNode<T>> | SinkNode<T>;

/** What may stand in for a sink that takes the whole stream. */
export type StreamSinkStub<T> = Constructor<StreamSinkNode<T>> | StreamSinkNode<T>;

/** A sink, as a test names it with a type: by its class, or by its handle. */
export type SinkTarget<T> = Constructor<SinkNode<T>> | Constructor<StreamSinkNode<T>> | SinkHandle<T>;

/** A node, as a test names it with a type: by its class, or by its handle. */
export type TypedTarget = Constructor<object> | NodeHandle;

/**
 * What may stand in for a node that is named by its class or its handle, as that says.
 *
 * The streams come first: by its shape, a stream transform is also a transform of one stream into another.
 */
export type StubFor<TTarget extends TypedTarget> =
  TTarget extends Constructor<StreamTransformNode<infer A, infer B>>
    ? StreamTransformStub<A, B>
    : TTarget extends Constructor<TransformNode<infer A, infer B>>
      ? TransformStub<A, B>
      : TTarget extends Constructor<SourceNode<infer T>>
        ? SourceStub<T>
        : TTarget extends Constructor<SinkNode<infer T>>
          ? SinkStub<T>
          : TTarget extends Constructor<StreamSinkNode<infer T>>
            ? StreamSinkStub<T>
            : TTarget extends TransformHandle<infer A, infer B>
              ? TransformStub<A, B> | Constructor<StreamTransformNode<A, B>> | StreamTransformNode<A, B>
              : TTarget extends OutputHandle<infer T>
                ? SourceStub<T>
                : TTarget extends InputHandle<infer T>
                  ? SinkStub<T> | StreamSinkStub<T>
                  : never;
