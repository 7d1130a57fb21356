import { hasMethod, hasProperty, isInstanceOf, readProperty } from '../data/foreign-value.js';
import { isStream } from '../data/streams.js';
import type { Route } from '../junctions/route.js';
import type { Tap } from '../junctions/tap.js';
import type { Constructor } from '../nodes/constructor.js';
import { ItemOperator } from '../nodes/item-operator.js';
import { PipelineInputSource } from '../nodes/pipeline-input-source.js';
import { PipelineOutputSink } from '../nodes/pipeline-output-sink.js';
import { SourceNode } from '../nodes/source-node.js';
import type { StreamOperator } from '../nodes/stream-operator.js';
import { StreamTransformNode } from '../nodes/stream-transform-node.js';
import { TransformNode } from '../nodes/transform-node.js';
import type { NodeKind } from '../nodes/node-kind.js';
import { isWritable } from '../nodes/writable-sink.js';
import type { WritableSink } from '../nodes/writable-sink.js';
import { describeMisfit } from '../ports/error-record.js';

/** A function as a node: `(item, context)`, for a source `(context)`, for stream nodes `(items, context)`. */
type NodeFunction = (...args: readonly unknown[]) => unknown;

/** How the engine gets at a node's code. */
export type NodeBinding =
  | {
      readonly how: 'class';
      readonly type: Constructor<object>;
      /** Gives what is called in the place of an instance, once that has been made. */
      readonly around?: ((instance: object) => object) | undefined;
    }
  | { readonly how: 'instance'; readonly instance: object }
  | { readonly how: 'function'; readonly call: NodeFunction }
  | { readonly how: 'iterable'; readonly items: object }
  | { readonly how: 'writable'; readonly stream: WritableSink<unknown> }
  | { readonly how: 'operator'; readonly operator: StreamOperator<unknown, unknown> }
  | { readonly how: 'tap'; readonly tap: Tap; readonly ignoresErrors: boolean }
  | { readonly how: 'route'; readonly route: Route }
  /** Where a sub-pipeline meets its composite. */
  | { readonly how: 'bridge' };

/** What was handed to an add method, understood: its kind, or what is wrong with it. */
export type BoundNode =
  | {
      readonly kind: NodeKind;
      readonly isStream: boolean;
      readonly name: string | undefined;
      readonly binding: NodeBinding;
    }
  | { readonly problem: string };

const methodsOf = {
  source: ['open'],
  transform: ['transform'],
  'stream-transform': ['transform'],
  sink: ['write', 'consume'],
} as const;

const bridgeOf: Partial<Record<NodeKind, NodeKind>> = { source: 'composite-input', sink: 'composite-output' };

/** Understands a class, an instance, a function or an iterable as a node of a kind. */
export function bindNode(kind: keyof typeof methodsOf, node: unknown): BoundNode {
  const methods = methodsOf[kind];
  const bridge = bridgeKind(typeof node === 'function' ? readProperty(node, 'prototype') : node);
  if (bridge === bridgeOf[kind] && bridge !== undefined) {
    return { kind: bridge, isStream: false, name: undefined, binding: { how: 'bridge' } };
  }
  const misfit =
    bridge === undefined
      ? misplaced(kind, node)
      : `a ${bridge} is added with addSource or addSink, by its direction`;
  if (misfit !== undefined) return { problem: misfit };
  if (typeof node === 'function') {
    if (!isClass(node, methods)) {
      const isStream = kind === 'stream-transform';
      return { kind, isStream, name: undefined, binding: { how: 'function', call: node as NodeFunction } };
    }
    const isStream = kind === 'stream-transform' || hasMethod(readProperty(node, 'prototype'), 'consume');
    return {
      kind,
      isStream,
      name: classNameOf(node),
      binding: { how: 'class', type: node as Constructor<object> },
    };
  }
  if (kind === 'stream-transform' && isOperator(node)) {
    return {
      kind,
      isStream: takesStream(kind, { how: 'operator', operator: node }),
      name: undefined,
      binding: { how: 'operator', operator: node },
    };
  }
  if (kind === 'sink' && isWritable(node)) {
    // Without the name of its class: that of standard output is another one for a terminal, a file and a pipe.
    return { kind, isStream: false, name: undefined, binding: { how: 'writable', stream: node } };
  }
  if (typeof node === 'object' && node !== null) {
    // A file stream, say, has an `open` of its own.
    if (kind === 'source' && isIterable(node) && !isInstanceOf(node, SourceNode)) {
      return { kind, isStream: false, name: undefined, binding: { how: 'iterable', items: node } };
    }
    if (methods.some((method) => hasMethod(node, method))) {
      const isStream = kind === 'stream-transform' || hasMethod(node, 'consume');
      return {
        kind,
        isStream,
        name: classNameOf(readProperty(node, 'constructor')),
        binding: { how: 'instance', instance: node },
      };
    }
  }
  if (kind === 'source' && typeof node === 'string') {
    return { kind, isStream: false, name: undefined, binding: { how: 'iterable', items: Array.from(node) } };
  }
  const expected = `a class or an object with the method ${methods.map((method) => `'${method}'`).join(' or ')}, or a function`;
  const or = kind === 'source' ? ', or an iterable' : '';
  const stream = kind === 'sink' ? 'a stream to write to, ' : '';
  return { problem: `${stream}${expected}${or} was expected, not ${describeMisfit(node)}` };
}

/** Whether a node of a kind works on the stream as a whole, not on one item after the other. */
export function takesStream(kind: NodeKind, binding: NodeBinding): boolean {
  if (kind !== 'stream-transform') return false;
  // An operator that may have enough must tell those before it.
  return !(
    binding.how === 'operator' &&
    isInstanceOf(binding.operator, ItemOperator) &&
    binding.operator.traits.endsStream !== true
  );
}

function isOperator(node: unknown): node is StreamOperator<unknown, unknown> {
  return (
    typeof node === 'object' && node !== null && hasMethod(node, 'open') && !hasMethod(node, 'transform')
  );
}

/** Whether iterating a value a second time gives nothing: it is its own iterator, or a stream. */
export function isOneShot(binding: NodeBinding): boolean {
  if (binding.how !== 'iterable') return false;
  return hasMethod(binding.items, 'next') || isStream(binding.items);
}

function misplaced(kind: NodeKind, node: unknown): string | undefined {
  const prototype = typeof node === 'function' ? readProperty(node, 'prototype') : node;
  if (kind === 'transform' && isInstanceOf(prototype, StreamTransformNode)) {
    return 'a StreamTransformNode takes the whole stream; add it with addStreamTransform';
  }
  if (kind === 'stream-transform' && isInstanceOf(prototype, TransformNode)) {
    return 'a TransformNode takes single items; add it with addTransform';
  }
  return undefined;
}

function bridgeKind(prototype: unknown): 'composite-input' | 'composite-output' | undefined {
  if (isInstanceOf(prototype, PipelineInputSource) || prototype === PipelineInputSource.prototype)
    return 'composite-input';
  if (isInstanceOf(prototype, PipelineOutputSink) || prototype === PipelineOutputSink.prototype)
    return 'composite-output';
  return undefined;
}

function isClass(node: object, methods: readonly string[]): boolean {
  // A class may keep its method in a field, so that only its text tells it from a function.
  return (
    methods.some((method) => hasMethod(readProperty(node, 'prototype'), method)) ||
    /^class\b/.test(Function.prototype.toString.call(node))
  );
}

function isIterable(value: object): boolean {
  return hasProperty(value, Symbol.iterator) || hasProperty(value, Symbol.asyncIterator);
}

/** The name of a class, undefined where it has none to speak of. */
export function classNameOf(type: unknown): string | undefined {
  return typeof type === 'function' && type !== Object && type.name !== '' ? type.name : undefined;
}
