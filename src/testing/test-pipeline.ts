import type { Constructor } from '../builder/node-binding.js';
import type { PipelineDefinition } from '../builder/pipeline-builder.js';
import type { ContextKey, Key } from '../context/context-key.js';
import { PipelineContext } from '../context/pipeline-context.js';
import { perDictionary } from '../context/dictionary-kind.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { pipelineNameOf, ReplacedPipeline } from '../engine/node-replacement.js';
import type { Definition } from '../engine/pipeline-runner.js';
import type { RunResult } from '../engine/run-result.js';
import type { DeadLetterEnvelope } from '../ports/dead-letter-sink.js';
import type { NodeContainer } from '../ports/node-container.js';
import { MemoryDeadLetterSink } from '../resilience/memory-dead-letter-sink.js';
import { NodeStubs } from './node-stubs.js';
import { RecordingObserver } from './recording-observer.js';
import type { AnyExecutionEvent } from './recording-observer.js';
import { TestedChild } from './tested-child.js';
import type { RecordedChild } from './tested-child.js';

/** What a test run came to. */
export interface TestResult<TOut = unknown> {
  readonly succeeded: boolean;
  /** What left the pipeline: a sub-pipeline's outputs, or what the sinks of a root took, in order. */
  readonly outputs: readonly TOut[];
  /** The error that ended the run, or kept it from starting. */
  readonly errors: readonly PipelineError[];
  readonly deadLetters: readonly DeadLetterEnvelope[];
  readonly events: readonly AnyExecutionEvent[];
  /** The run's root context; of a run that could not start, the one it would have been made from. */
  readonly context: PipelineContext;
  /** The result of the run, also of one that failed; without nodes where it could not start. */
  readonly result: RunResult;
  /**
   * What a sink of the root took.
   *
   * @throws {@link PipelineError} `NODE_UNKNOWN`.
   */
  sink(name: string): readonly unknown[];
  /**
   * What a stubbed sub-pipeline was given.
   *
   * @throws {@link PipelineError} `NODE_UNKNOWN` for one that was not stubbed.
   */
  child<A, B>(definition: Definition<A, B>): RecordedChild<A>;
}

/** A test of a pipeline, or of a sub-pipeline alone; made by {@link testPipeline}. */
export class PipelineTest<TIn, TOut> {
  readonly #definition: object;
  readonly #entries = perDictionary((): [Key, unknown][] => []);
  readonly #stubs: NodeStubs;
  readonly #children: TestedChild[] = [];
  #container: NodeContainer | undefined;
  #input: readonly unknown[] | undefined;

  /** @internal */
  constructor(definition: object) {
    this.#definition = definition;
    this.#stubs = new NodeStubs(pipelineNameOf(definition));
  }

  /** Takes bound nodes and definitions from a container. */
  withContainer(container: NodeContainer): this {
    this.#container = container;
    return this;
  }

  withParameter<T>(key: string | ContextKey<T, unknown>, value: NoInfer<T>): this {
    this.#entries.parameters.push([key, value]);
    return this;
  }

  withItem<T>(key: string | ContextKey<T, unknown>, value: NoInfer<T>): this {
    this.#entries.items.push([key, value]);
    return this;
  }

  withProperty<T>(key: string | ContextKey<T, unknown>, value: NoInfer<T>): this {
    this.#entries.properties.push([key, value]);
    return this;
  }

  /** Gives a source the items of the test; a source without is left as it is. */
  withSource(name: string, items: Iterable<unknown>): this {
    this.#stubs.replaceSource(name, items);
    return this;
  }

  /** Puts a function, an instance or a class in the place of a node; `composite/node` reaches into children. */
  replaceNode(name: string, stub: unknown): this {
    this.#stubs.replace(name, stub);
    return this;
  }

  /** Puts a function in the place of a sub-pipeline wherever it is used, at any depth. */
  withChild<A, B>(
    definition: Constructor<PipelineDefinition<A, B>> | PipelineDefinition<A, B>,
    stub: (item: A, context: PipelineContext) => NoInfer<B> | Promise<NoInfer<B>>,
  ): this {
    this.#children.push(
      new TestedChild(definition, stub as (item: unknown, context: PipelineContext) => unknown),
    );
    return this;
  }

  /** The items for a sub-pipeline. */
  input(items: Iterable<TIn>): this {
    this.#input = [...items];
    return this;
  }

  /** Runs the pipeline; never rejects: what goes wrong is in `errors`. */
  async run(): Promise<TestResult<TOut>> {
    const deadLetters = new MemoryDeadLetterSink({ capacity: Number.MAX_SAFE_INTEGER });
    const observer = new RecordingObserver();
    const outputs: unknown[] = [];
    const errors: PipelineError[] = [];
    let result: RunResult;
    const context = new PipelineContext({
      ...this.#entries,
      deadLetterSink: deadLetters,
      executionObserver: observer,
    });
    try {
      result = await this.#runWith(context, outputs);
    } catch (thrown) {
      if (!(thrown instanceof PipelineError)) throw thrown;
      errors.push(thrown);
      result = thrown.result ?? notStarted(context, pipelineNameOf(this.#definition));
    }
    return Object.freeze({
      succeeded: errors.length === 0,
      outputs: (this.#input === undefined ? this.#stubs.left : outputs) as readonly TOut[],
      errors,
      deadLetters: deadLetters.envelopes,
      events: observer.events,
      context: result.context,
      result,
      sink: (name: string) => this.#stubs.sink(name),
      child: <A>(child: object) => this.#recorded(child) as RecordedChild<A>,
    });
  }

  async #runWith(context: PipelineContext, outputs: unknown[]): Promise<RunResult> {
    const pipeline = new ReplacedPipeline(this.#definition, this.#container, {
      definition: (source) => this.#children.find((child) => child.replaces(source)),
      node: (node) => this.#stubs.bindingFor(node),
    });
    this.#stubs.check(pipeline.describe(context));
    const { runner } = pipeline;
    if (this.#input === undefined) return await runner.run(this.#definition as never, context);
    const stream = runner.stream<unknown, unknown>(this.#definition as never, this.#input, context);
    for await (const output of stream) outputs.push(output);
    return await stream.result;
  }

  #recorded(definition: object): TestedChild {
    const child = this.#children.find((each) => each.replaces(definition));
    if (child !== undefined) return child;
    throw new PipelineError('NODE_UNKNOWN', {
      path: pipelineNameOf(this.#definition),
      problem: `The sub-pipeline '${pipelineNameOf(definition)}' was not stubbed.`,
      remedy: 'Stub it with withChild before the run.',
    });
  }
}

/** Tests a pipeline: with the root's sinks replaced by memory, and whatever else is stubbed. */
export function testPipeline<TIn, TOut>(definition: Definition<TIn, TOut>): PipelineTest<TIn, TOut> {
  return new PipelineTest<TIn, TOut>(definition);
}

function notStarted(context: PipelineContext, pipelineName: string): RunResult {
  const { runId, pipelineId } = context;
  return Object.freeze({
    ...{ runId, pipelineId, pipelineName, context },
    status: 'failed',
    durationMs: 0,
    nodes: new Map(),
    abandoned: [],
  });
}
