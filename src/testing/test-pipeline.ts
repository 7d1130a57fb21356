import { isInstanceOf } from '../data/foreign-value.js';
import type { Constructor } from '../nodes/constructor.js';
import type { PipelineDefinition } from '../builder/pipeline-builder.js';
import { keyName } from '../context/context-key.js';
import type { ContextKey, Key } from '../context/context-key.js';
import { perDictionary } from '../context/dictionary-kind.js';
import type { DictionaryKind } from '../context/dictionary-kind.js';
import { entriesOf } from '../context/entries-source.js';
import type { EntriesSource } from '../context/entries-source.js';
import { PipelineContext } from '../context/pipeline-context.js';
import { serviceRules } from '../context/pipeline-context-options.js';
import { checkArgument, rule } from '../engine/node-replacement.js';
import type { Definition, PipelineRunnerOptions } from '../engine/pipeline-runner.js';
import { PipelineRunner } from '../engine/pipeline-runner.js';
import type { SourceHandle, TransformHandle } from '../graph/handles.js';
import type { SourceNode } from '../nodes/source-node.js';
import { clockRule } from '../ports/clock.js';
import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';
import type { NodeContainer } from '../ports/node-container.js';
import { RunContext } from '../run/run-context.js';
import type { RunContextOptions } from '../run/run-context-options.js';
import { definitionRule } from './definition-rule.js';
import { givenItems } from './given-items.js';
import { MemorySource } from './memory-source.js';
import type { StubFor, TypedTarget } from './node-stub.js';
import type { GivenStub } from './node-stubs.js';
import { targetRule } from './node-target.js';
import type { NodeTarget } from './node-target.js';
import { runTest } from './run-test.js';
import type { TestResult } from './test-result.js';
import type { ChildStub } from './tested-child.js';

/**
 * A test of a pipeline, or of a sub-pipeline alone; made by {@link testPipeline}.
 *
 * @example
 * {@includeCode ../../examples/api/test-pipeline.ts}
 */
export class PipelineTest<TIn, TOut> {
  readonly #definition: object;
  readonly #entries = perDictionary((): [Key, unknown][] => []);
  readonly #stubs: GivenStub[] = [];
  readonly #childStubs = new Map<object, ChildStub>();
  #runnerOptions: PipelineRunnerOptions;
  #run: RunContextOptions = {};
  #signal: AbortSignal | undefined;
  #logger: Logger | undefined;
  #input: readonly unknown[] | undefined;

  /** @hidden */
  constructor(definition: object, runnerOptions: PipelineRunnerOptions) {
    this.#definition = definition;
    this.#runnerOptions = runnerOptions;
  }

  /** Takes bound nodes and definitions from a container. */
  withContainer(container: NodeContainer): this {
    checkArgument('withContainer', container, rule.having('isBound', 'get'));
    this.#runnerOptions = { ...this.#runnerOptions, container };
    return this;
  }

  /** Sets several of the root's parameters: an object, a Map or entries; of a key set twice the last value counts. */
  withParameters(entries: EntriesSource): this {
    return this.#withEntries('parameters', 'withParameters', entries);
  }

  /** Sets several of the root's context items, such as fake services: an object, a Map or entries. */
  withItems(entries: EntriesSource): this {
    return this.#withEntries('items', 'withItems', entries);
  }

  /** Sets several of the root's properties: an object, a Map or entries. */
  withProperties(entries: EntriesSource): this {
    return this.#withEntries('properties', 'withProperties', entries);
  }

  #withEntries(kind: DictionaryKind, method: string, entries: EntriesSource): this {
    checkArgument(method, entries, entriesRule);
    for (const [key, value] of entriesOf(entries)) this.#add(kind, key, value);
    return this;
  }

  #add(kind: DictionaryKind, key: Key, value: unknown): this {
    keyName(key);
    this.#entries[kind].push([key, value]);
    return this;
  }

  /** Sets one of the root's parameters; of a key set twice the last value counts. */
  withParameter<TInput>(key: string | ContextKey<unknown, unknown, TInput>, value: NoInfer<TInput>): this {
    return this.#add('parameters', key, value);
  }

  /** Sets one of the root's context items, such as a fake service; kept by reference. */
  withItem<TInput>(key: string | ContextKey<unknown, unknown, TInput>, value: NoInfer<TInput>): this {
    return this.#add('items', key, value);
  }

  /** Sets one of the root's properties; of a key set twice the last value counts. */
  withProperty<TInput>(key: string | ContextKey<unknown, unknown, TInput>, value: NoInfer<TInput>): this {
    return this.#add('properties', key, value);
  }

  /**
   * Says who the run is, what it may spend and when it must have ended; of an option given twice the last value counts.
   *
   * @throws `OPTION_INVALID`, a `PipelineError`, for wrong options.
   */
  withRun(options: RunContextOptions): this {
    checkArgument('withRun', options, runRule);
    // Refuses wrong options here, where they are given.
    new PipelineContext({ run: options });
    this.#run = { ...this.#run, ...options };
    return this;
  }

  /** Cancels the run when a signal aborts; a signal in the options of `withRun` does so too. */
  withSignal(signal: AbortSignal): this {
    checkArgument('withSignal', signal, rule.signal);
    this.#signal = signal;
    return this;
  }

  /** Gives the run a logger. Default: that of the runner's options, else log lines are dropped. */
  withLogger(logger: Logger): this {
    checkArgument('withLogger', logger, serviceRules.logger);
    this.#logger = logger;
    return this;
  }

  /** Lets a clock tell the time of the run, such as a `ManualClock`: move that while `run()` is under way. */
  withClock(clock: Clock): this {
    checkArgument('withClock', clock, clockRule);
    this.#runnerOptions = { ...this.#runnerOptions, clock };
    return this;
  }

  /** Gives a source of the root, named by its class or its handle, the items of the test. */
  withSource<T>(which: Constructor<SourceNode<T>> | SourceHandle<T>, items: Iterable<NoInfer<T>>): this;
  /** Gives a source of the root the items of the test; a source without is left as it is. */
  withSource(name: string, items: Iterable<unknown>): this;
  withSource(which: NodeTarget, items: Iterable<unknown>): this {
    checkArgument('withSource', which, targetRule);
    const stub = new MemorySource(givenItems(items, 'withSource'));
    this.#stubs.push({ which, stub, kind: 'source' });
    return this;
  }

  /** Puts a function, an instance or a class in the place of a node of the root, named by its class or its handle. */
  replaceNode<TTarget extends TypedTarget>(which: TTarget, stub: StubFor<TTarget>): this;
  /** Puts a generator function in the place of a stream transform of the root, named by its handle. */
  replaceNode<A, B>(
    which: TransformHandle<A, B>,
    stub: (items: AsyncIterable<NoInfer<A>>, context: PipelineContext) => AsyncIterable<NoInfer<B>>,
  ): this;
  /** Puts a function, an instance or a class in the place of a node. `composite/node` reaches into children. */
  replaceNode(name: string, stub: unknown): this;
  replaceNode(which: NodeTarget, stub: unknown): this {
    checkArgument('replaceNode', which, targetRule);
    checkArgument('replaceNode', stub, stubRule);
    this.#stubs.push({ which, stub, kind: 'node' });
    return this;
  }

  /**
   * Puts a function in the place of a sub-pipeline wherever it is used, at any depth.
   *
   * Of two stubs for one definition the last counts; a stub for an instance goes before one for its class.
   */
  withChild<A, B>(
    definition: Constructor<PipelineDefinition<A, B>> | PipelineDefinition<A, B>,
    stub: NoInfer<(item: A, context: PipelineContext) => B | Promise<B>>,
  ): this {
    checkArgument('withChild', definition, definitionRule);
    checkArgument('withChild', stub, (value) => rule.callable(value) && 'a function as the stub');
    this.#childStubs.set(definition, stub as ChildStub);
    return this;
  }

  /** The items for a sub-pipeline. */
  input(items: Iterable<TIn>): this {
    this.#input = givenItems(items, 'input');
    return this;
  }

  /** Runs the pipeline; never rejects: what goes wrong is in `errors`. */
  async run(): Promise<TestResult<TOut>> {
    const result = await runTest({
      definition: this.#definition,
      runnerOptions: this.#runnerOptions,
      context: { ...this.#entries, run: this.#run, signal: this.#signal, logger: this.#logger },
      stubs: this.#stubs,
      childStubs: this.#childStubs,
      input: this.#input,
    });
    return result as TestResult<TOut>;
  }
}

/**
 * Tests a pipeline: with the root's sinks replaced by memory, and whatever else is stubbed.
 *
 * @param runnerOptions of the runner that the test makes for each run.
 * @throws `OPTION_INVALID`, a `PipelineError`, for what is no definition, or for wrong options.
 *
 * @example
 * {@includeCode ../../examples/api/test-pipeline.ts}
 */
export function testPipeline<TIn, TOut>(
  definition: Definition<TIn, TOut>,
  runnerOptions: PipelineRunnerOptions = {},
): PipelineTest<TIn, TOut> {
  checkArgument('testPipeline', definition, definitionRule);
  // Refuses wrong options here, where they are given.
  new PipelineRunner(runnerOptions);
  return new PipelineTest<TIn, TOut>(definition, runnerOptions);
}

function entriesRule(entries: unknown): string | undefined {
  return rule.object(entries) && 'an object, a Map or a list of entries';
}

function runRule(options: unknown): string | undefined {
  const expected = 'options of a run';
  return isInstanceOf(options, RunContext) ? expected : rule.object(options) && expected;
}

function stubRule(stub: unknown): string | undefined {
  const isStub = typeof stub === 'function' || (typeof stub === 'object' && stub !== null);
  return isStub ? undefined : 'a function, an instance or a class as the stub';
}
