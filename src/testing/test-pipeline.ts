import type { Constructor } from '../builder/node-binding.js';
import type { PipelineDefinition } from '../builder/pipeline-builder.js';
import { keyName } from '../context/context-key.js';
import type { ContextKey, Key } from '../context/context-key.js';
import { PipelineContext } from '../context/pipeline-context.js';
import { perDictionary } from '../context/dictionary-kind.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { handOut, pipelineNameOf, ReplacedPipeline, reportFailure } from '../engine/node-replacement.js';
import type { Definition } from '../engine/pipeline-runner.js';
import type { RunResult } from '../engine/run-result.js';
import type { PipelineGraph } from '../graph/graph-shape.js';
import type { DeadLetterEnvelope } from '../ports/dead-letter-sink.js';
import type { NodeContainer } from '../ports/node-container.js';
import { MemoryDeadLetterSink } from '../resilience/memory-dead-letter-sink.js';
import { MemorySource } from './memory-source.js';
import { NodeStubs } from './node-stubs.js';
import { RecordingObserver } from './recording-observer.js';
import type { AnyExecutionEvent } from './recording-observer.js';
import { TestedChild } from './tested-child.js';
import type { ChildStub, RecordedChild } from './tested-child.js';

/** What a test run came to. */
export interface TestResult<TOut = unknown> {
  /** Whether the run ended without an error; items may have been skipped or dead-lettered all the same. */
  readonly succeeded: boolean;
  /** What left the pipeline: a sub-pipeline's outputs, or what the sinks of a root took, in order. */
  readonly outputs: readonly TOut[];
  /** The error that ended the run, or kept it from starting. */
  readonly errors: readonly PipelineError[];
  /** What was sent to the test's own sink; a child that does not inherit it sends nothing here. */
  readonly deadLetters: readonly DeadLetterEnvelope[];
  /** In order, of every level; a child that does not inherit the observer is silent. */
  readonly events: readonly AnyExecutionEvent[];
  /** The run's root context; of a run that could not start, the one it would have been made from. */
  readonly context: PipelineContext;
  /** The result of the run, also of one that failed; without nodes where it could not start. */
  readonly result: RunResult;
  /**
   * What a sink of the root took.
   *
   * @throws `NODE_UNKNOWN`, a {@link PipelineError}, for what is no sink of the root, or was replaced.
   */
  sink(name: string): readonly unknown[];
  /**
   * What a stubbed sub-pipeline was given.
   *
   * @throws `NODE_UNKNOWN`, a {@link PipelineError}, for one that was not stubbed.
   */
  child<A, B>(definition: Definition<A, B>): RecordedChild<A>;
}

/** A test of a pipeline, or of a sub-pipeline alone; made by {@link testPipeline}. */
export class PipelineTest<TIn, TOut> {
  readonly #definition: object;
  readonly #name: string;
  readonly #entries = perDictionary((): [Key, unknown][] => []);
  readonly #stubs = new Map<string, unknown>();
  readonly #childStubs: (readonly [object, ChildStub])[] = [];
  #container: NodeContainer | undefined;
  #input: readonly unknown[] | undefined;

  /** @hidden */
  constructor(definition: object) {
    this.#definition = definition;
    this.#name = pipelineNameOf(definition);
  }

  /** Takes bound nodes and definitions from a container. */
  withContainer(container: NodeContainer): this {
    this.#container = container;
    return this;
  }

  /** Sets one of the root's parameters; of a key set twice the last value counts. */
  withParameter<TInput>(key: string | ContextKey<unknown, unknown, TInput>, value: NoInfer<TInput>): this {
    keyName(key);
    this.#entries.parameters.push([key, value]);
    return this;
  }

  /** Sets one of the root's context items, such as a fake service; kept by reference. */
  withItem<TInput>(key: string | ContextKey<unknown, unknown, TInput>, value: NoInfer<TInput>): this {
    keyName(key);
    this.#entries.items.push([key, value]);
    return this;
  }

  /** Sets one of the root's properties; of a key set twice the last value counts. */
  withProperty<TInput>(key: string | ContextKey<unknown, unknown, TInput>, value: NoInfer<TInput>): this {
    keyName(key);
    this.#entries.properties.push([key, value]);
    return this;
  }

  /** Gives a source the items of the test; a source without is left as it is. */
  withSource(name: string, items: Iterable<unknown>): this {
    this.#stubs.set(name, new MemorySource(itemsOf(items, 'withSource')));
    return this;
  }

  /** Puts a function, an instance or a class in the place of a node. `composite/node` reaches into children. */
  replaceNode(name: string, stub: unknown): this {
    this.#stubs.set(name, stub);
    return this;
  }

  /** Puts a function in the place of a sub-pipeline wherever it is used, at any depth. */
  withChild<A, B>(
    definition: Constructor<PipelineDefinition<A, B>> | PipelineDefinition<A, B>,
    stub: NoInfer<(item: A, context: PipelineContext) => B | Promise<B>>,
  ): this {
    this.#childStubs.push([definition, stub as ChildStub]);
    return this;
  }

  /** The items for a sub-pipeline. */
  input(items: Iterable<TIn>): this {
    this.#input = itemsOf(items, 'input');
    return this;
  }

  /** Runs the pipeline; never rejects: what goes wrong is in `errors`. */
  run(): Promise<TestResult<TOut>> {
    return handOut(this.#run(), (error) => {
      reportFailure(undefined, error, `the test of '${this.#name}' failed, and nobody awaited it`);
    });
  }

  async #run(): Promise<TestResult<TOut>> {
    const deadLetters = new MemoryDeadLetterSink({ capacity: Number.MAX_SAFE_INTEGER });
    const observer = new RecordingObserver();
    const stubs = new NodeStubs(this.#name, this.#stubs);
    const children = this.#childStubs.map(([definition, stub]) => new TestedChild(definition, stub));
    const outputs: unknown[] = [];
    const errors: PipelineError[] = [];
    let result: RunResult;
    const context = new PipelineContext({
      ...this.#entries,
      deadLetterSink: deadLetters,
      executionObserver: observer,
    });
    try {
      result = await this.#runWith(context, stubs, children, outputs);
    } catch (thrown) {
      if (!(thrown instanceof PipelineError)) throw thrown;
      errors.push(thrown);
      result = thrown.result ?? notStarted(context, this.#name);
    }
    return Object.freeze({
      succeeded: errors.length === 0,
      outputs: (this.#input === undefined ? stubs.left : outputs) as readonly TOut[],
      errors,
      deadLetters: deadLetters.envelopes,
      events: observer.events,
      context: result.context,
      result,
      sink: (name: string) => stubs.sink(name),
      child: <A>(definition: object) => {
        const child = children.find((each) => each.replaces(definition));
        if (child === undefined) throw this.#unknownChild(definition);
        return child as RecordedChild<A>;
      },
    });
  }

  async #runWith(
    context: PipelineContext,
    stubs: NodeStubs,
    children: readonly TestedChild[],
    outputs: unknown[],
  ): Promise<RunResult> {
    const pipeline = new ReplacedPipeline(this.#definition, this.#container, {
      definition: (source) => children.find((child) => child.replaces(source)),
      node: (node) => stubs.bindingFor(node),
    });
    const graph = pipeline.describe(context);
    stubs.check(graph);
    const unused = isComplete(graph) ? children.find((child) => !child.isUsed) : undefined;
    if (unused !== undefined) throw this.#unknownChild(unused.definition);
    const { runner } = pipeline;
    if (this.#input === undefined) return await runner.run(this.#definition as never, context);
    const stream = runner.stream<unknown, unknown>(this.#definition as never, this.#input, context);
    for await (const output of stream) outputs.push(output);
    return await stream.result;
  }

  #unknownChild(definition: object): PipelineError {
    return new PipelineError('NODE_UNKNOWN', {
      path: this.#name,
      problem: `The sub-pipeline '${pipelineNameOf(definition)}' is not both used and stubbed.`,
      remedy: 'Give withChild a definition that the pipeline uses, and ask child for one that was stubbed.',
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
    cost: [],
  });
}

/** Whether every child is described; one that waits for a parameter is not. */
function isComplete(graph: PipelineGraph): boolean {
  return graph.nodes.every(({ id, kind }) => {
    const child = graph.childGraphs.get(id);
    return child === undefined ? kind !== 'composite' : isComplete(child);
  });
}

/** Copies items, so that a test can run again. */
function itemsOf<T>(items: Iterable<T>, subject: string): readonly T[] {
  const given: unknown = items;
  if (typeof given === 'object' && given !== null && Symbol.iterator in given) return [...items];
  throw new PipelineError('OPTION_INVALID', {
    problem: `Wrong use of ${subject}: an iterable of items was expected.`,
    remedy: 'Give an array, a Set, or another iterable.',
  });
}
