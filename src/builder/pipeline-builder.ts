import { isInstanceOf } from '../data/foreign-value.js';
import { frozenCopy } from '../data/frozen-copy.js';
import { keyName } from '../context/context-key.js';
import { EMPTY_LAYER } from '../context/layer.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import { PipelineValidationError } from '../errors/pipeline-validation-error.js';
import type { PipelineGraph } from '../graph/graph-shape.js';
import type {
  AnyHandle,
  InputHandle,
  NodeHandle,
  ItemOf,
  OutputHandle,
  RouteHandle,
  SinkHandle,
  SourceHandle,
  TransformHandle,
} from '../graph/handles.js';
import type { JoinKind, JoinOptions, LeftOf, RightOf } from '../junctions/join-options.js';
import type { MergeOptions, SortedOrder } from '../junctions/merge-options.js';
import type { Narrowed, RouteConditions, RouteOptions, RouteOtherwise } from '../junctions/route.js';
import type { TapFunction, TapOptions } from '../junctions/tap.js';
import type {
  ChildInputOf,
  CombinedOutputOf,
  ItemCompositeOptions,
  StreamCompositeOptions,
} from '../nodes/composite-options.js';
import type { BasicNodeOptions, NodeOptions, SourceOptions } from '../nodes/node-options.js';
import type { Items, SourceNode } from '../nodes/source-node.js';
import type { SinkNode } from '../nodes/sink-node.js';
import type { Skip } from '../nodes/skip.js';
import type { StreamSinkNode } from '../nodes/stream-sink-node.js';
import type { shape, Shaped, StreamOperator } from '../nodes/stream-operator.js';
import type { StreamTransformNode } from '../nodes/stream-transform-node.js';
import type { TransformNode } from '../nodes/transform-node.js';
import type { WritableSink } from '../nodes/writable-sink.js';
import type { ErrorPolicy } from '../resilience/error-policy.js';
import type { FinalDecision } from '../resilience/error-rule.js';
import type { ToleranceOptions } from '../resilience/tolerance.js';
import type { DefinitionSource } from './blueprint.js';
import type { FromOption, NoItem, ValidationResult } from './builder-options.js';
import { closeDraft } from './close-draft.js';
import type { DefinitionContext } from './definition-context.js';
import { factsOf } from './describe-definition.js';
import type { DescribeEnvironment, DescribeRequest, OpenBuilder } from './describe-definition.js';
import { DraftedJunctions } from './drafted-junctions.js';
import { DraftedNodes } from './drafted-nodes.js';
import { DraftedSettings } from './drafted-settings.js';
import type { DefaultPolicyOptions } from './drafted-settings.js';
import { GraphDraft } from './graph-draft.js';
import { instantiateDefinition } from './instantiate-definition.js';
import type { Constructor } from '../nodes/constructor.js';

/**
 * Describes a pipeline: `define` wires nodes together and does no work.
 *
 * @example
 * {@includeCode ../../examples/api/pipeline-definition.ts}
 */
export interface PipelineDefinition<TIn = NoItem, TOut = NoItem> {
  /** Called when the pipeline is built, and again when a parameter that it read has changed. */
  define(builder: PipelineBuilder<TIn, TOut>, context: DefinitionContext): void;
}

/** Opens a builder for a definition; given to what describes definitions. */
export let openBuilder: (request: DescribeRequest) => OpenBuilder;

/** What a builder is opened for; a class, so that nobody outside can make one. */
class Opening {
  constructor(readonly request: DescribeRequest) {}
}

/**
 * Describes one pipeline: adds nodes, connects them, builds a frozen graph.
 *
 * Problems are collected and reported together by {@link build}; only a sealed builder, a handle of another
 * builder and an impossible direction throw at once.
 *
 * @example
 * {@includeCode ../../examples/api/pipeline-builder.ts}
 */
export class PipelineBuilder<in out TIn = NoItem, in out TOut = NoItem> {
  static {
    // A bundler renames a class that names itself.
    Object.defineProperty(this, 'name', { value: 'PipelineBuilder' });
    openBuilder = (request) => PipelineBuilder.#open(request);
  }

  // Phantoms: the item types that the composite bridges of this pipeline have.
  declare private readonly itemIn: (item: TIn) => TIn;
  declare private readonly itemOut: (item: TOut) => TOut;
  readonly #request: DescribeRequest;
  readonly #draft: GraphDraft;
  readonly #nodes: DraftedNodes;
  readonly #junctions: DraftedJunctions;
  readonly #settings: DraftedSettings;

  constructor();
  /** @hidden */
  constructor(opening: Opening);
  constructor(opening?: Opening) {
    const request = isInstanceOf(opening, Opening) ? opening.request : standaloneRequest;
    this.#request = request;
    this.#draft = new GraphDraft(request.path);
    this.#nodes = new DraftedNodes(this.#draft, [...request.ancestors, request.source]);
    this.#junctions = new DraftedJunctions(this.#draft, this.#nodes);
    this.#settings = new DraftedSettings(this.#draft);
  }

  /** Adds a source: a class, an instance, an iterable, or a function that gives one, or a promise of one. */
  addSource<T>(
    node:
      | ((context: PipelineContext) => Items<T> | Promise<Items<T>>)
      | Constructor<SourceNode<T>>
      | SourceNode<T>
      | Items<T>,
    options?: string | SourceOptions,
  ): SourceHandle<T> {
    return this.#nodes.addNode('source', node, options);
  }

  /** Adds a transform: a class, an instance, or a function of the item and the context. */
  addTransform<A, B, F = never>(
    node:
      | ((item: A, context: PipelineContext) => B | Skip | Promise<B | Skip>)
      | Constructor<TransformNode<A, B>>
      | TransformNode<A, B>,
    options?: string | (NodeOptions<F> & FromOption<A>),
  ): TransformHandle<A, B | F> {
    return this.#nodes.addNode('transform', node, options);
  }

  /**
   * Adds a transform of the whole stream: a class, an instance, a function that gives what can be iterated, or an operator,
   * such as those of `heirline/flow`.
   */
  addStreamTransform<A, B, S = unknown, F = never>(
    node:
      | ((items: AsyncIterable<A>, context: PipelineContext) => Items<B> | Promise<Items<B>>)
      | Constructor<StreamTransformNode<A, B>>
      | StreamTransformNode<A, B>
      | (StreamOperator<A, B> & { readonly [shape]?: S }),
    options?:
      | string
      | (BasicNodeOptions &
          FromOption<A> & {
            /** What happens to items that fail: of an operator alone. */
            readonly errorPolicy?: ErrorPolicy<F> | FinalDecision | undefined;
          }),
  ): TransformHandle<A, Shaped<A, B, S> | F> {
    return this.#nodes.addNode('stream-transform', node, options);
  }

  /** Adds a sink: a class, an instance, a function of the item and the context, or a Node or web stream. */
  addSink<T>(
    node:
      | ((item: T, context: PipelineContext) => unknown)
      | Constructor<SinkNode<T>>
      | SinkNode<T>
      | Constructor<StreamSinkNode<T>>
      | StreamSinkNode<T>
      | WritableSink<T>,
    options?: string | (NodeOptions<unknown> & FromOption<T>),
  ): SinkHandle<T> {
    return this.#nodes.addNode('sink', node, options);
  }

  /** Adds a whole sub-pipeline as one node, whose `input` makes the child's item of the composite's own. */
  addComposite<TIn, TOut, TItem, TResult = TOut, TFallback = never>(
    definition: Constructor<PipelineDefinition<TIn, TOut>> | PipelineDefinition<TIn, TOut>,
    options: ItemCompositeOptions<NoInfer<TItem>, TFallback> &
      FromOption<TItem> & {
        readonly input: ChildInputOf<TItem, NoInfer<TIn>>;
        readonly combine?: CombinedOutputOf<TItem, NoInfer<TOut>, TResult> | undefined;
      },
  ): TransformHandle<TItem, TResult | TFallback>;
  /** Adds a whole sub-pipeline as one node. It runs once per item, or, with `granularity: 'stream'`, once. */
  addComposite<TIn, TOut, TResult = TOut, TFallback = never>(
    definition: Constructor<PipelineDefinition<TIn, TOut>> | PipelineDefinition<TIn, TOut>,
    options?:
      | string
      | ((
          | (StreamCompositeOptions & { readonly input?: undefined; readonly combine?: undefined })
          | (ItemCompositeOptions<NoInfer<TIn>, TFallback> & {
              readonly input?: undefined;
              readonly combine?: CombinedOutputOf<NoInfer<TIn>, NoInfer<TOut>, TResult> | undefined;
            })
        ) &
          FromOption<NoInfer<TIn>>),
  ): TransformHandle<TIn, TResult | TFallback>;
  addComposite(definition: DefinitionSource, options?: string | object): AnyHandle {
    return this.#nodes.addComposite(definition, options);
  }

  /** Adds a function that looks at each item, and passes the item on. */
  addTap<T>(look: TapFunction<T>, options?: string | (TapOptions & FromOption<T>)): TransformHandle<T, T> {
    return this.#junctions.addTap(look, options);
  }

  /**
   * Adds a node that sends each item by the first of its outputs whose condition holds, or by all of them; `to` has a handle
   * for each, narrowed where the condition is a type guard. Every output must be connected.
   */
  addRoute<A, const C extends RouteConditions<A>, O extends RouteOtherwise = 'fail'>(
    conditions: C,
    options?: string | (RouteOptions<O> & FromOption<A>),
  ): RouteHandle<A, { readonly [K in keyof C]: Narrowed<A, C[K]> }, O> {
    return this.#junctions.addRoute(conditions, options) as never;
  }

  /**
   * Adds a node in which several streams become one: in order of `arrival`, one after the other (`concat`), merged by a key
   * that all are sorted by (`sorted`), or as tuples of one item each (`zip`), until the shortest ends.
   */
  addMerge<
    const F extends readonly OutputHandle<unknown>[],
    O extends 'arrival' | 'concat' | 'zip' | SortedOrder<ItemOf<F[number]>> = 'arrival',
  >(
    options: MergeOptions & {
      /** The nodes whose items are merged. */
      readonly from: F;
      /** In which order items leave. Default: `arrival`. */
      readonly order?: O | undefined;
    },
  ): OutputHandle<O extends 'zip' ? { readonly [K in keyof F]: ItemOf<F[K]> } : ItemOf<F[number]>> {
    return this.#junctions.addMerge(options);
  }

  /**
   * Adds a node that joins two streams by a key. A row leaves with each partner as soon as both are there; neither stream is
   * read to its end first.
   */
  addJoin<L, R, K extends JoinKind, TOut = readonly [LeftOf<L, K>, RightOf<R, K>]>(
    options: JoinOptions<L, R, K, TOut> & {
      /** The node whose items are the left rows. */
      readonly left: OutputHandle<L>;
      /** The node whose items are the right rows. */
      readonly right: OutputHandle<R>;
    },
  ): OutputHandle<TOut> {
    return this.#junctions.addJoin(options);
  }

  /** Adds the node where this sub-pipeline gets its items. */
  addCompositeInput(name = 'input'): SourceHandle<TIn> {
    return this.#nodes.addBridge('composite-input', { name });
  }

  /** Adds the node where this sub-pipeline hands its items back. */
  addCompositeOutput(
    options: string | ({ readonly name?: string | undefined } & FromOption<TOut>) = 'output',
  ): SinkHandle<TOut> {
    const given = this.#draft.readOptions(options, 'composite-output');
    return this.#nodes.addBridge('composite-output', { ...given, name: given.name ?? 'output' });
  }

  /**
   * Decides about failed items of nodes and composites that have no policy of their own; called once.
   *
   * A failed item of a child is decided about at its node first, then at the composite. With `children: true` the nodes
   * of sub-pipelines are covered too, at every depth; a sub-pipeline's own default goes before that of its parent. What
   * a fallback gives is part of a node's type, so a policy with one stands at its node.
   */
  errorPolicy(policy: ErrorPolicy | FinalDecision, options: DefaultPolicyOptions = {}): this {
    this.#settings.setErrorPolicy(policy, options);
    return this;
  }

  /**
   * Lets the pipeline go on when items fail, up to a number or a part of them; called once.
   *
   * It counts the failed items of one execution, those lost in its children included, and fails the execution with
   * `TOLERANCE_EXCEEDED` once there are too many. An item that fails here is left out, and told in the result's
   * `failures`. Sources, stream transforms and stream sinks have no single item: what fails there is not tolerated.
   * Outputs of a composite with `output: 'many'` are kept until their child has succeeded.
   */
  tolerate(limit: ToleranceOptions): this {
    this.#settings.setTolerance(limit);
    return this;
  }

  /**
   * Sends the items of one node to another; several targets get every item, several origins are merged.
   *
   * @throws {@link PipelineError} `HANDLE_FOREIGN`, `CONNECTION_INVALID` or `BUILDER_SEALED`.
   */
  connect<T>(from: OutputHandle<T>, to: InputHandle<T>): this {
    this.#draft.assertOpen();
    this.#draft.connect(from, to);
    return this;
  }

  /**
   * Tells whether two nodes could be connected now; where not, `reason` says why in words.
   *
   * Nothing is connected, and no problem is noted for {@link build}.
   */
  canConnect(
    from: NodeHandle,
    to: NodeHandle,
  ): { readonly ok: true } | { readonly ok: false; readonly reason: string } {
    const reason = this.#draft.objection(from, to);
    return reason === undefined ? { ok: true } : { ok: false, reason };
  }

  /**
   * Notes something about a node, for drawings and tools.
   *
   * @throws {@link PipelineError} `CONTEXT_KEY_INVALID`, `HANDLE_FOREIGN` or `BUILDER_SEALED`.
   */
  setNodeMetadata(handle: NodeHandle, key: string, value: unknown): this {
    this.#draft.assertOpen();
    this.#draft.ownNode(handle)?.metadata.set(keyName(key), frozenCopy(value, 'the metadata', keyName(key)));
    return this;
  }

  /** Tells every problem that {@link build} would report, children included. */
  validate(): ValidationResult {
    const { problems, warnings } = closeDraft(this.#draft, this.#request, new Map());
    return Object.freeze({ ok: problems.length === 0, errors: problems, warnings });
  }

  /**
   * Seals the builder and gives the frozen graph; a builder that is refused stays open, and can be built again.
   *
   * @throws {@link PipelineValidationError} with every problem found, in children too.
   */
  build(): PipelineGraph {
    const { blueprint, problems } = closeDraft(this.#draft, this.#request, new Map());
    if (blueprint === undefined) throw new PipelineValidationError(this.#draft.path, problems);
    this.#draft.seal();
    return blueprint.graph;
  }

  static #open(request: DescribeRequest): OpenBuilder {
    const builder = new PipelineBuilder<unknown, unknown>(new Opening(request));
    return {
      builder,
      close(reads) {
        const { blueprint, problems } = closeDraft(builder.#draft, request, reads);
        builder.#draft.seal();
        return blueprint ?? problems;
      },
    };
  }
}

/** Plain defaults: a definition class is constructed without arguments, and no parameter is there. */
const standaloneEnvironment: DescribeEnvironment = {
  resolve: (source, path) => instantiateDefinition(source, path),
  maxDepth: 32,
  open: (request) => openBuilder(request),
};

const standaloneRequest: DescribeRequest = {
  source: {},
  facts: factsOf({}),
  name: 'pipeline',
  path: 'pipeline',
  ancestors: [],
  parameters: EMPTY_LAYER,
  reachable: EMPTY_LAYER,
  layerWith: () => EMPTY_LAYER,
  secrets: undefined,
  environment: standaloneEnvironment,
};

declare module '../resilience/builder-types.js' {
  interface BuilderTypes<TBuilder> {
    /** @hidden */
    readonly items: TBuilder extends PipelineBuilder<infer TIn, infer TOut>
      ? { readonly input: TIn; readonly output: TOut }
      : never;
  }
}
